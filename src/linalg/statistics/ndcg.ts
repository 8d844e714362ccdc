import { internalError } from '../../protocol/errors';
import { descendingOrder, tieGroupEnds } from './order';

/**
 * Normalised discounted cumulative gain of the `k` highest scores: sum of gain / log2(1 + rank) over that of the best
 * order. Ties get the mean gain of their group (McSherry and Najork 2008). 0 where all gains are 0.
 *
 * @param gains one a score, none negative: how much a row is worth
 */
export function ndcg(scores: ArrayLike<number>, gains: ArrayLike<number>, k: number): number {
  if (!Number.isInteger(k) || k < 1) throw internalError(`ndcg at ${k}`);
  if (scores.length !== gains.length) throw internalError(`${scores.length} scores and ${gains.length} gains of them`);
  for (let i = 0; i < gains.length; i++) if (!(gains[i]! >= 0)) throw internalError(`gain ${i} is ${gains[i]}`);
  const best = discountedGain(gains, gains, k);
  return best === 0 ? 0 : discountedGain(scores, gains, k) / best;
}

function discountedGain(scores: ArrayLike<number>, gains: ArrayLike<number>, k: number): number {
  const order = descendingOrder(scores);
  let sum = 0;
  let begin = 0;
  for (const end of tieGroupEnds(scores, order)) {
    if (begin >= k) break;
    let gain = 0;
    let discount = 0;
    for (let i = begin; i < end; i++) {
      gain += gains[order[i]!]!;
      if (i < k) discount += 1 / Math.log2(i + 2);
    }
    sum += (gain / (end - begin)) * discount;
    begin = end;
  }
  return sum;
}
