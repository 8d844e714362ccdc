import { isProblems, toExample } from '../../data/schemas/toExample';
import type { Example, Row, Schema } from '../../data/types';
import type { Say } from '../../protocol/display/serverText';
import type { EncodingContext } from '../../text/types';
import { countTokens } from '../documents/encodePieces';
import type { NamedText } from '../documents/openNamedText';
import type { Pace } from '../documents/pace';
import { createRowCache } from '../documents/rowCache';
import { type RowDocument, type RowFacts, type RowFlaw, toRow } from '../documents/rowDocument';

/** What stands at the top of a data file, or in the status bar. */
export interface DataSummary {
  readonly rows: number;
  /** undefined: no schema is recognised. */
  readonly schema: string | undefined;
  /** undefined: no model is known, or the workspace is not trusted. */
  readonly model: string | undefined;
  /** undefined: not counted. */
  readonly trainedTokens: { readonly count: number; readonly precision: 'exact' | 'extrapolated' } | undefined;
  /** Rows of which the model learns nothing, among those counted. */
  readonly untrainedRows: number;
}

interface CountedRow {
  readonly text: EncodingContext;
  readonly schema: Schema;
  /** Trained ones. */
  readonly tokens: number;
  /** Why there are none. */
  readonly flaw: RowFlaw | undefined;
}

const counted = createRowCache<CountedRow>();

/** What is known without work. */
export function summarizeRows(document: RowDocument, model: string | undefined): DataSummary {
  return { rows: document.rowCount, schema: document.schema?.name, model, trainedTokens: undefined, untrainedRows: 0 };
}

/**
 * Counts trained tokens in slices, rows spread over the file, until all are counted or `isSpent` says that it is
 * enough; the count is then extrapolated. Rows are kept counted, so that after an edit the rest is quick. Undefined
 * where the document changed or nobody wants it any more.
 */
export async function summarizeData(
  document: RowDocument,
  text: NamedText,
  isSpent: () => boolean,
  pace: Pace,
): Promise<DataSummary | undefined> {
  const { version, schema, rowCount } = document;
  const summary = summarizeRows(document, text.model);
  if (schema === undefined || rowCount === 0) return summary;
  const stride = strideFor(rowCount);
  let count = 0;
  let done = 0;
  let untrainedRows = 0;
  for (let i = 0, number = 0; i < rowCount; i++, number = (number + stride) % rowCount) {
    const row = document.rowNumbered(number)!;
    let known = knownCount(row.facts, schema, text);
    if (known === undefined) {
      if (isSpent() && done > 0) continue;
      const { value } = row;
      known = {
        text: text.context,
        schema,
        ...countRow(value && toRow(row, value, document.options.file), schema, text),
      };
      counted.set(row.facts, known);
    }
    count += known.tokens;
    if (known.flaw !== undefined) untrainedRows++;
    done++;
    if (pace.isDue && (!(await pace.next()) || document.version !== version)) return undefined;
  }
  const trainedTokens =
    done === rowCount
      ? { count, precision: 'exact' as const }
      : { count: Math.round((count / done) * rowCount), precision: 'extrapolated' as const };
  return { ...summary, trainedTokens, untrainedRows };
}

function knownCount(facts: RowFacts, schema: Schema, text: NamedText): CountedRow | undefined {
  const known = counted.get(facts);
  return known?.text === text.context && known.schema === schema ? known : undefined;
}

function countRow(
  row: Row | undefined,
  schema: Schema,
  { model, context }: NamedText,
): Pick<CountedRow, 'tokens' | 'flaw'> {
  const example = row === undefined ? undefined : toExample(row, schema);
  // What is wrong with the row by itself is said elsewhere.
  if (row === undefined || isProblems(example)) return { tokens: 0, flaw: undefined };
  const counts = countTokens(row, schema, example as Example, context);
  if (!('tokens' in counts)) return { tokens: 0, flaw: counts };
  const { tokens, trainedTokens, truncated } = counts;
  return { tokens: trainedTokens, flaw: trainedTokens > 0 ? undefined : untrainedRow(model, tokens, truncated) };
}

function untrainedRow(model: string, tokens: number, truncated: number): RowFlaw {
  const cut = truncated > 0;
  return {
    severity: 'warning',
    code: 'no-trained-token',
    message: cut
      ? `nothing of the row is trained: ${model} was trained with ${tokens} tokens a row, and ${truncated} are cut off.`
      : `${model} is trained with no token of the row.`,
    next: cut ? 'Shorten the row, or raise maxLength in the recipe.' : 'Give the row an answer, or remove it.',
  };
}

/** What a model's tokenizer and template make wrong with a row, as far as it was counted. */
export function textFlawOf(facts: RowFacts, schema: Schema | undefined, text: NamedText): RowFlaw | undefined {
  return schema === undefined ? undefined : knownCount(facts, schema, text)?.flaw;
}

/** A step that meets every row once and spreads the first ones evenly: near the golden section, prime to the number. */
function strideFor(count: number): number {
  let stride = Math.max(1, Math.round(count * 0.618));
  while (greatestCommonDivisor(stride, count) !== 1) stride++;
  return stride;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** `609 rows · 8,725 trained tokens · tuned`; two significant digits less where it is extrapolated. */
export function summarySentence({ rows, schema, model, trainedTokens }: DataSummary, say: Say): string {
  const parts = [say('summary.rows', { rows: grouped(rows), count: rows })];
  if (schema !== undefined) parts.push(schema);
  if (trainedTokens !== undefined) {
    const { count, precision } = trainedTokens;
    const shown = precision === 'exact' ? grouped(count) : `≈ ${grouped(Number(count.toPrecision(3)))}`;
    parts.push(say('summary.trainedTokens', { count: shown }));
  }
  if (model !== undefined) parts.push(model);
  return parts.join(' · ');
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
