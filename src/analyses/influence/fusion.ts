import { mean } from '../../linalg/statistics/mean';
import { ranks } from '../../linalg/statistics/ranks';
import { internalError } from '../../protocol/errors';

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): the sum over methods of 1 / (k + rank), rank 1 for the
 * highest score, ties by mean rank.
 *
 * @param methods scores of the same rows by each method, higher for better, no NaN
 * @param k how little the very first ranks weigh above the next; 60 in the paper
 * @returns one figure a row, higher for better, in (0, methods / (k + 1)]
 */
export function reciprocalRankFusion(methods: readonly ArrayLike<number>[], k: number): Float64Array {
  if (!(k >= 0)) throw internalError(`reciprocal rank fusion with k = ${k}`);
  const rows = rowCount(methods);
  const fused = new Float64Array(rows);
  for (const scores of methods) {
    const ascending = ranks(scores);
    for (let i = 0; i < rows; i++) fused[i] = fused[i]! + 1 / (k + rows + 1 - ascending[i]!);
  }
  return fused;
}

/**
 * The sum over methods of standardised scores (mean 0, standard deviation 1 over rows). A method that gives every row
 * the same adds nothing.
 *
 * @param methods scores of the same rows by each method, all finite
 */
export function standardisedSum(methods: readonly ArrayLike<number>[]): Float64Array {
  const rows = rowCount(methods);
  const fused = new Float64Array(rows);
  for (const scores of methods) {
    const centre = mean(scores);
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += (scores[i]! - centre) ** 2;
    const deviation = Math.sqrt(squares / rows);
    if (!Number.isFinite(deviation)) throw internalError('a score that is not finite cannot be standardised');
    // Equal scores may differ from their own mean by rounding alone.
    if (deviation <= 1e-12 * Math.abs(centre)) continue;
    for (let i = 0; i < rows; i++) fused[i] = fused[i]! + (scores[i]! - centre) / deviation;
  }
  return fused;
}

function rowCount(methods: readonly ArrayLike<number>[]): number {
  const rows = methods[0]?.length ?? 0;
  if (rows === 0) throw internalError('fusion of no scores');
  if (methods.some((scores) => scores.length !== rows)) throw internalError('fusion of scores of different rows');
  return rows;
}
