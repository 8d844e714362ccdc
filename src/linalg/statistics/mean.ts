/**
 * statistics/ holds the figures that results are judged by: one function a file, on plain arrays of numbers, in
 * float64. Equal arguments give equal bits. A figure that is not defined (no values, one class only) is an error of
 * the caller here, never a silent 0 or NaN, but for correlations of a constant, which are NaN as in the literature.
 */
import { internalError } from '../../protocol/errors';

/** The arithmetic mean of at least one value. */
export function mean(values: ArrayLike<number>): number {
  if (values.length === 0) throw internalError('the mean of no values');
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
