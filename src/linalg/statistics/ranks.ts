import { ascendingOrder, tieGroupEnds } from './order';

/** Rank of each value, 1 for the lowest; equal values share the mean of their ranks. No value is NaN. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = ascendingOrder(values);
  const result = new Float64Array(values.length);
  let begin = 0;
  for (const end of tieGroupEnds(values, order)) {
    for (let i = begin; i < end; i++) result[order[i]!] = (begin + 1 + end) / 2;
    begin = end;
  }
  return result;
}
