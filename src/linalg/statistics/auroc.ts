import { internalError } from '../../protocol/errors';
import { ranks } from './ranks';

/**
 * Area under the ROC curve: the probability that a random positive scores above a random negative, a tie counting
 * half (Mann and Whitney's U over the number of pairs).
 *
 * @param positive one a score: truthy for a positive; both classes occur
 */
export function auroc(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  const { positives, negatives } = countClasses(scores, positive);
  const rank = ranks(scores);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) if (positive[i]) sum += rank[i]!;
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** How many of each class there are: at least one. */
export function countClasses(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
): { readonly positives: number; readonly negatives: number } {
  if (scores.length !== positive.length)
    throw internalError(`${scores.length} scores and ${positive.length} labels of them`);
  let positives = 0;
  for (let i = 0; i < positive.length; i++) if (positive[i]) positives++;
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0)
    throw internalError(`an AUROC of ${positives} positives and ${negatives} negatives`);
  return { positives, negatives };
}
