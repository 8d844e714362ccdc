import { internalError } from '../../protocol/errors';
import { descendingOrder, tieGroupEnds } from './order';

/**
 * Average precision: the mean over relevant rows of the precision at their place. Rows that tie are taken as one step
 * of the threshold (as scikit-learn does), so the order of rows plays no part.
 *
 * @param relevant one a score: truthy for a relevant row; at least one is
 */
export function averagePrecision(scores: ArrayLike<number>, relevant: ArrayLike<boolean | number>): number {
  if (scores.length !== relevant.length)
    throw internalError(`${scores.length} scores and ${relevant.length} labels of them`);
  const order = descendingOrder(scores);
  let found = 0;
  let sum = 0;
  let begin = 0;
  for (const end of tieGroupEnds(scores, order)) {
    let inGroup = 0;
    for (; begin < end; begin++) if (relevant[order[begin]!]) inGroup++;
    found += inGroup;
    sum += inGroup * (found / end);
  }
  if (found === 0) throw internalError('average precision where no row is relevant');
  return sum / found;
}
