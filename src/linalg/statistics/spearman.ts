import { pearson } from './pearson';
import { ranks } from './ranks';

/** Spearman's rank correlation, ties by mean rank; NaN where one of the two is constant. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return pearson(ranks(a), ranks(b));
}
