import { quantile } from '../../../linalg/statistics/quantile';

/** What control queries show where the data explains nothing. */
export interface NullLevels {
  /** Nats of a whole completion that the fine-tune raised 5 % of controls by, or more; not below 0. */
  readonly change: number;
  /** Score that 1 % of rows exceed for controls, as a multiple of the root mean square of a query's scores. */
  readonly row: number;
}

/** Share of control queries that may count as changed by the fine-tune. */
export const falseFindingRate = 0.05;

/** Share of rows that may stand out for a query by chance. */
const falseRowRate = 0.01;

/** Fewer controls than this say nothing of a 95th percentile. */
export const fewestControls = 8;

/**
 * Two questions that are held against the same controls: did the fine-tune change this behaviour at all, and which rows
 * stand out among all rows? Scores themselves do not answer the first: where the tuned model is sure, gradients are
 * small however much it was changed. They are compared relative to the query's own, so that a sure answer and a
 * doubtful one are told by the same level.
 *
 * @param scores [controls, rows]
 * @param changes of each control: log p tuned - log p base of its completion, nats
 * @returns undefined where there are too few controls
 */
export function nullLevels(scores: Float32Array, changes: readonly number[]): NullLevels | undefined {
  if (changes.length < fewestControls) return undefined;
  const rows = scores.length / changes.length;
  const relative = new Float64Array(scores.length);
  for (let start = 0; start < scores.length; start += rows) {
    const size = rootMeanSquare(scores.subarray(start, start + rows));
    if (size === 0) continue;
    for (let i = start; i < start + rows; i++) relative[i] = scores[i]! / size;
  }
  return {
    change: Math.max(0, quantile(Float64Array.from(changes), 1 - falseFindingRate)),
    row: quantile(relative, 1 - falseRowRate),
  };
}

/** The score above which rows of one query stand out. */
export function rowThreshold({ row }: NullLevels, scores: Float32Array): number {
  return row * rootMeanSquare(scores);
}

function rootMeanSquare(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares / values.length);
}
