import type { Schema } from '../../data/types';
import type { EncodingContext } from '../../text/types';
import { encodePieces } from './encodePieces';
import { createRowCache } from './rowCache';
import { type DocumentRow, type RowDocument, toRow } from './rowDocument';
import { type RowPiece, readRowPieces } from './rowPieces';

/** What training makes of a row. */
export interface RowMeaning {
  readonly pieces: readonly RowPiece[];
  /** Counted with a model's tokenizer and template; undefined: no model is known, or it cannot be trained with the row. */
  readonly counts: { readonly tokens: number; readonly trainedTokens: number; readonly truncated: number } | undefined;
}

interface Known {
  readonly schema: Schema;
  readonly text: EncodingContext | undefined;
  readonly meaning: RowMeaning | undefined;
}

const known = createRowCache<Known>();

/**
 * The texts of a row and what of them is trained: by tokenizer and template where a model is known and trusted, else by
 * the schema's rule. undefined: the text is no row, or does not fit the schema. Kept until row, schema or model change.
 */
export function rowMeaning(
  document: RowDocument,
  row: DocumentRow,
  text: EncodingContext | undefined,
): RowMeaning | undefined {
  const { schema } = document;
  if (schema === undefined || row.facts.hash === undefined) return undefined;
  const before = known.get(row.facts);
  if (before !== undefined && before.schema === schema && before.text === text) return before.meaning;
  const meaning = readMeaning(document, row, schema, text);
  known.set(row.facts, { schema, text, meaning });
  return meaning;
}

function readMeaning(
  document: RowDocument,
  row: DocumentRow,
  schema: Schema,
  text: EncodingContext | undefined,
): RowMeaning | undefined {
  const { value } = row;
  if (value === undefined) return undefined;
  const plain = toRow(row, value, document.options.file);
  const read = readRowPieces(plain, schema);
  if (read === undefined) return undefined;
  const encoded = text === undefined ? undefined : encodePieces(plain, schema, read, text);
  if (encoded === undefined) return { pieces: read.pieces, counts: undefined };
  const { pieces, tokens, trainedTokens, truncated } = encoded;
  return { pieces, counts: { tokens, trainedTokens, truncated } };
}
