import { isProblems, toPlainExample } from '../../data/schemas/toExample';
import type { Example, Message, Row, Schema } from '../../data/types';
import { UserError } from '../../protocol/errors';
import { locateContents } from '../../text/rows/chatSpans';
import { encodePreference } from '../../text/rows/encodePreference';
import { encodeRow, untrained } from '../../text/rows/encodeRow';
import { withinTemplateLimit } from '../../text/template/boundedJinja';
import type { EncodedRow, EncodingContext } from '../../text/types';
import type { TextRange } from './jsonPlaces';
import { bareFlaw, type RowFlaw } from './rowDocument';
import type { ReadRow, RowPiece } from './rowPieces';

/** A row as a model's tokenizer and template have it trained. */
export interface EncodedPieces {
  /** With the ranges that are trained after tokens, template and the cut at the greatest length. */
  readonly pieces: readonly RowPiece[];
  readonly tokens: number;
  readonly trainedTokens: number;
  /** Tokens cut off. */
  readonly truncated: number;
}

/** Tokens and trained text of a row; undefined where the model cannot be trained with it. */
export function encodePieces(
  row: Row,
  schema: Schema,
  { example, pieces }: ReadRow,
  context: EncodingContext,
): EncodedPieces | undefined {
  const encoded = encode(row, schema, example, context);
  if (!('ids' in encoded)) return undefined;
  const counts = {
    tokens: encoded.ids.length,
    trainedTokens: trainedTokens(encoded),
    truncated: encoded.truncated,
  };
  const starts = contentStarts(example, encoded.text, context);
  const marks = trainedMarks(encoded);
  return {
    ...counts,
    pieces: pieces.map((piece) => {
      if (piece.encoded === undefined) return piece;
      const { message, offset } = piece.encoded;
      const start = message === undefined ? (example.kind === 'chat' ? undefined : 0) : starts?.[message];
      if (start === undefined || start + offset + piece.text.length > marks.length) return piece;
      return { ...piece, trained: rangesOf(marks.subarray(start + offset, start + offset + piece.text.length)) };
    }),
  };
}

/** Tokens of a row, or why the model cannot be trained with it. */
export function countTokens(
  row: Row,
  schema: Schema,
  example: Example,
  context: EncodingContext,
): Omit<EncodedPieces, 'pieces'> | RowFlaw {
  const encoded = encode(row, schema, example, context);
  if (!('ids' in encoded)) return encoded;
  return { tokens: encoded.ids.length, trainedTokens: trainedTokens(encoded), truncated: encoded.truncated };
}

function encode(row: Row, schema: Schema, example: Example, context: EncodingContext): EncodedRow | RowFlaw {
  const fit = context.template === undefined ? toPlainExample(row, schema) : example;
  if (isProblems(fit)) return bareFlaw(fit[0]!);
  try {
    return fit.kind === 'preference' ? encodePreference(fit, context).chosen : encodeRow(fit as Example, context);
  } catch (error) {
    // A template may refuse a row: the row then is none for this model.
    if (!(error instanceof UserError)) throw error;
    const { code, message, next } = error;
    return { severity: 'error', code, message, next };
  }
}

function trainedTokens({ labels }: EncodedRow): number {
  let count = 0;
  for (let t = 1; t < labels.length; t++) if (labels[t] !== untrained) count++;
  return count;
}

/** 1 for every character of the encoded text that a trained token stands for. */
function trainedMarks({ text, labels, offsets }: EncodedRow): Uint8Array {
  const marks = new Uint8Array(text.length);
  for (let t = 1; t < labels.length; t++) {
    if (labels[t] !== untrained) marks.fill(1, offsets[2 * t], offsets[2 * t + 1]);
  }
  return marks;
}

function rangesOf(marks: Uint8Array): TextRange[] {
  const ranges: TextRange[] = [];
  for (let at = marks.indexOf(1); at !== -1; ) {
    const end = marks.indexOf(0, at);
    ranges.push([at, end === -1 ? marks.length : end]);
    at = end === -1 ? -1 : marks.indexOf(1, end);
  }
  return ranges;
}

/** Where each turn's content begins in the rendered conversation; undefined where there is none. */
function contentStarts(
  example: Example,
  text: string,
  { template }: EncodingContext,
): readonly (number | undefined)[] | undefined {
  if (example.kind !== 'chat' || template === undefined) return undefined;
  const { messages, tools } = example;
  const spans = withinTemplateLimit('The chat template', () => locateContents(messages, tools, template, text));
  return spans.map((span, i) => (span === undefined ? undefined : span.start - leadOf(messages[i]!)));
}

/** White space before the content, which templates may take away. */
function leadOf({ content }: Message): number {
  return content.length - content.trimStart().length;
}
