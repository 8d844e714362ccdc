import { internalError } from '../../protocol/errors';
import { mean } from './mean';

/** What one query's method said, and what was right. */
export interface JudgedScores {
  readonly scores: ArrayLike<number>;
  /** One a score: truthy for a relevant row; at least one is. */
  readonly relevant: ArrayLike<boolean | number>;
}

/** The mean over queries of 1 / (rank of the best relevant row). */
export function meanReciprocalRank(queries: readonly JudgedScores[]): number {
  return mean(queries.map(reciprocalRank));
}

/** 1 / (rank of the best relevant row); rows that tie with it are taken to stand before it. */
export function reciprocalRank({ scores, relevant }: JudgedScores): number {
  if (scores.length !== relevant.length)
    throw internalError(`${scores.length} scores and ${relevant.length} labels of them`);
  let best = Number.NEGATIVE_INFINITY;
  let some = false;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]!)) throw internalError(`score ${i} is not a number and has no rank`);
    if (!relevant[i]) continue;
    some = true;
    best = Math.max(best, scores[i]!);
  }
  if (!some) throw internalError('a reciprocal rank where no row is relevant');
  let before = 0;
  for (let i = 0; i < scores.length; i++) if (!relevant[i] && scores[i]! >= best) before++;
  return 1 / (before + 1);
}
