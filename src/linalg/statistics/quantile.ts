import { internalError } from '../../protocol/errors';

/**
 * The `share` quantile of at least one value, linear between the two nearest (Hyndman and Fan's type 7, the default of
 * NumPy and R).
 *
 * @param share in [0, 1]
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}

/** The same of values that are ascending already. */
export function quantileOfSorted(ascending: ArrayLike<number>, share: number): number {
  const last = ascending.length - 1;
  if (last < 0) throw internalError('a quantile of no values');
  if (!(share >= 0 && share <= 1)) throw internalError(`quantile ${share} is not in [0, 1]`);
  // NaN sorts last: if there is one, every quantile is unknown.
  if (Number.isNaN(ascending[last]!)) return Number.NaN;
  const position = share * last;
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, last)]!;
  return low === high ? low : low + (position - below) * (high - low);
}
