import { internalError } from '../../protocol/errors';
import { descendingOrder, tieGroupEnds } from './order';

/**
 * The share of the relevant rows among the `k` highest scores. Rows that tie across the cut are taken in proportion
 * (the expectation over random orders of the tie), so that a constant score earns what chance earns.
 *
 * @param relevant one a score: truthy for a relevant row; at least one is
 */
export function recallAtK(scores: ArrayLike<number>, relevant: ArrayLike<boolean | number>, k: number): number {
  if (!Number.isInteger(k) || k < 1) throw internalError(`recall at ${k}`);
  if (scores.length !== relevant.length)
    throw internalError(`${scores.length} scores and ${relevant.length} labels of them`);
  const order = descendingOrder(scores);
  let all = 0;
  let found = 0;
  let begin = 0;
  for (const end of tieGroupEnds(scores, order)) {
    let inGroup = 0;
    for (let i = begin; i < end; i++) if (relevant[order[i]!]) inGroup++;
    all += inGroup;
    const taken = Math.max(0, Math.min(k, end) - begin);
    found += (inGroup * taken) / (end - begin);
    begin = end;
  }
  if (all === 0) throw internalError('recall where no row is relevant');
  return found / all;
}
