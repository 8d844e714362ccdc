import { dataLimits } from '../../data/limits';
import { rowProblem } from '../../data/parseRow';
import { readSchemaRows } from '../../data/readSchemaRows';
import { isProblems, toExample, toPlainExample } from '../../data/schemas/toExample';
import type { Example, Row, RowAddress, RowProblem, Schema } from '../../data/types';
import { UserError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { DataSource } from '../../protocol/requests';
import { encodePreference } from '../../text/rows/encodePreference';
import { encodeRow } from '../../text/rows/encodeRow';
import type { EncodedRow, EncodingContext } from '../../text/types';

/** What encoding rows for a model needs. */
export interface RowContext extends EncodingContext {
  /** Rows of the model's input embedding: every token id lies below. */
  readonly vocabularySize: number;
}

/** A row of a data file with its tokens. */
export interface LoadedRow {
  readonly address: RowAddress;
  /** SHA-256 (hex) of the row's canonical content. */
  readonly hash: string;
  /** The row's own fields. */
  readonly value: JsonObject;
  /** What the row means, as it was encoded. */
  readonly example: Example;
  readonly encoded: EncodedRow;
}

export interface LoadedRows {
  readonly rows: readonly LoadedRow[];
  readonly problems: readonly RowProblem[];
  /** The mapping in use; undefined until it is known. */
  readonly schema: Schema | undefined;
}

/**
 * Reads a data file and encodes its rows as they are trained, batch by batch, in bounded memory. A row that cannot be
 * read, does not fit the schema or has no trained token is a problem; the rows after it go on. Of a preference row the
 * chosen answer is taken.
 */
export async function* loadRows(source: DataSource, context: RowContext): AsyncGenerator<LoadedRows> {
  for await (const { rows, schema, problems } of readSchemaRows(source, dataLimits)) {
    const encoded = schema === undefined ? { rows: [], problems: [] } : encodeRows(rows, schema, context);
    yield { rows: encoded.rows, problems: [...problems, ...encoded.problems], schema };
  }
}

function encodeRows(rows: readonly Row[], schema: Schema, context: RowContext): Pick<LoadedRows, 'rows' | 'problems'> {
  const loaded: LoadedRow[] = [];
  const problems: RowProblem[] = [];
  for (const row of rows) {
    const example = context.template === undefined ? toPlainExample(row, schema) : toExample(row, schema);
    if (isProblems(example)) {
      problems.push(...example);
      continue;
    }
    const { address, hash, value } = row;
    const encoded = encodeTrained(example as Example, address, context);
    if ('ids' in encoded) loaded.push({ address, hash, value, example: example as Example, encoded });
    else problems.push(encoded);
  }
  return { rows: loaded, problems };
}

/** The row with at least one trained token, or what is wrong with it. */
export function encodeTrained(example: Example, address: RowAddress, context: RowContext): EncodedRow | RowProblem {
  const encoded = encodeGuarded(example, address, context);
  if (!('ids' in encoded)) return encoded;
  const beyond = encoded.ids.find((id) => id >= context.vocabularySize);
  if (beyond !== undefined) return unknownToken(address, beyond, context.vocabularySize);
  if (hasTrainedToken(encoded)) return encoded;
  return untrainedRow(address, encoded.truncated);
}

function encodeGuarded(example: Example, address: RowAddress, context: EncodingContext): EncodedRow | RowProblem {
  try {
    return example.kind === 'preference' ? encodePreference(example, context).chosen : encodeRow(example, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return rowProblem('error', address, error.code, error.message, error.next);
  }
}

function unknownToken(address: RowAddress, id: number, vocabularySize: number): RowProblem {
  return rowProblem(
    'error',
    address,
    'token-unknown',
    `the token id ${id} is none of the model's, which has ids 0 to ${vocabularySize - 1}; the row is skipped.`,
    'Tokenize the row with the tokenizer of this model.',
  );
}

function hasTrainedToken({ labels }: EncodedRow): boolean {
  return labels.some((label, t) => t > 0 && label !== -100);
}

function untrainedRow(address: RowAddress, truncated: number): RowProblem {
  return truncated > 0
    ? rowProblem(
        'warning',
        address,
        'no-trained-token',
        `no trained token is left after ${truncated} tokens were cut off; the row is skipped.`,
        'Raise the maximum length.',
      )
    : rowProblem(
        'warning',
        address,
        'no-trained-token',
        'the row has no trained token; it is skipped.',
        'Give the row an answer, or remove it.',
      );
}
