import { internalError } from '../../protocol/errors';

/** Indices from the highest value to the lowest; equal values keep the order of their indices. No value is NaN. */
export function descendingOrder(values: ArrayLike<number>): Uint32Array {
  return ascendingOrder(Float64Array.from(values, (value) => -value));
}

/** Indices from the lowest value to the highest; equal values keep the order of their indices. No value is NaN. */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(values.length);
  for (let i = 0; i < order.length; i++) {
    if (Number.isNaN(values[i]!)) throw internalError(`value ${i} is not a number and has no rank`);
    order[i] = i;
  }
  return order.sort((a, b) => compare(values[a]!, values[b]!) || a - b);
}

/** Not a difference: that of two equal infinities is NaN. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Ends of the groups of equal values along an order: `ends[i]` is one past the last place of the i-th group.
 *
 * @param order places of `values`, sorted by value in either direction
 */
export function tieGroupEnds(values: ArrayLike<number>, order: ArrayLike<number>): Uint32Array {
  const ends: number[] = [];
  for (let i = 1; i <= order.length; i++)
    if (i === order.length || values[order[i]!] !== values[order[i - 1]!]) ends.push(i);
  return Uint32Array.from(ends);
}
