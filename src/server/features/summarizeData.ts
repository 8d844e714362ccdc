import { isProblems, toExample } from '../../data/schemas/toExample';
import type { Example, Schema } from '../../data/types';
import type { EncodingContext } from '../../text/types';
import { countTokens } from '../documents/encodePieces';
import type { NamedText } from '../documents/openNamedText';
import type { Pace } from '../documents/pace';
import { createRowCache } from '../documents/rowCache';
import { type RowDocument, toRow } from '../documents/rowDocument';

/** What stands at the top of a data file, or in the status bar. */
export interface DataSummary {
  readonly rows: number;
  /** undefined: no schema is recognised. */
  readonly schema: string | undefined;
  /** undefined: no model is known, or the workspace is not trusted. */
  readonly model: string | undefined;
  /** undefined: not counted. */
  readonly trainedTokens: { readonly count: number; readonly precision: 'exact' | 'extrapolated' } | undefined;
}

const counted = createRowCache<{ readonly text: EncodingContext; readonly schema: Schema; readonly tokens: number }>();

/** What is known without work. */
export function summarizeRows(document: RowDocument, model: string | undefined): DataSummary {
  return { rows: document.rowCount, schema: document.schema?.name, model, trainedTokens: undefined };
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
  for (let i = 0, number = 0; i < rowCount; i++, number = (number + stride) % rowCount) {
    const row = document.rowNumbered(number)!;
    const before = counted.get(row.facts);
    let tokens = before?.text === text.context && before.schema === schema ? before.tokens : undefined;
    if (tokens === undefined) {
      if (isSpent() && done > 0) continue;
      const { value } = row;
      const plain = value === undefined ? undefined : toRow(row, value, document.options.file);
      const example = plain === undefined ? undefined : toExample(plain, schema);
      tokens =
        plain === undefined || isProblems(example)
          ? 0
          : (countTokens(plain, schema, example as Example, text.context)?.trainedTokens ?? 0);
      counted.set(row.facts, { text: text.context, schema, tokens });
    }
    count += tokens;
    done++;
    if (i % 16 === 15 && (!(await pace.next()) || document.version !== version)) return undefined;
  }
  const trainedTokens =
    done === rowCount
      ? { count, precision: 'exact' as const }
      : { count: Math.round((count / done) * rowCount), precision: 'extrapolated' as const };
  return { ...summary, trainedTokens };
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
export function summarySentence({ rows, schema, model, trainedTokens }: DataSummary): string {
  const parts = [`${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}`];
  if (schema !== undefined) parts.push(schema);
  if (trainedTokens !== undefined) {
    const { count, precision } = trainedTokens;
    const shown = precision === 'exact' ? grouped(count) : `≈ ${grouped(Number(count.toPrecision(3)))}`;
    parts.push(`${shown} trained tokens`);
  }
  if (model !== undefined) parts.push(model);
  return parts.join(' · ');
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
