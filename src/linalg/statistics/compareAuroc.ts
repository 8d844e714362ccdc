import { internalError } from '../../protocol/errors';
import { countClasses } from './auroc';
import { checkLevel, type Interval } from './interval';
import { normalQuantile } from './normalQuantile';
import { ranks } from './ranks';

/**
 * The AUROC of one method minus that of another on the same rows, with the normal interval of DeLong, DeLong and
 * Clarke-Pearson (1988), its components from mean ranks (Sun and Xu 2014). At least two rows of each class.
 */
export function compareAuroc(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
  level: number,
): Interval {
  checkLevel(level);
  const { positives, negatives } = countClasses(first, positive);
  countClasses(second, positive);
  if (positives < 2 || negatives < 2) throw internalError('the variance of an AUROC needs two rows of each class');
  const a = placements(first, positive, positives, negatives);
  const b = placements(second, positive, positives, negatives);
  const ofPositives = a.positive.map((value, i) => value - b.positive[i]!);
  const ofNegatives = a.negative.map((value, i) => value - b.negative[i]!);
  const estimate = sum(ofPositives) / positives;
  const error = Math.sqrt(variance(ofPositives) / positives + variance(ofNegatives) / negatives);
  const reach = normalQuantile((1 + level) / 2) * error;
  return { estimate, low: estimate - reach, high: estimate + reach, level };
}

/** Of each positive the share of negatives below it; of each negative the share of positives above it. */
function placements(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
  positives: number,
  negatives: number,
): { readonly positive: Float64Array; readonly negative: Float64Array } {
  const index = Array.from({ length: scores.length }, (_, i) => i);
  const ofClass = (wanted: boolean): number[] => index.filter((i) => Boolean(positive[i]) === wanted);
  const all = ranks(scores);
  const within = (rows: readonly number[]): Float64Array =>
    ranks(rows.map((i) => scores[i]!)).map((rank, i) => all[rows[i]!]! - rank);
  return {
    positive: within(ofClass(true)).map((below) => below / negatives),
    negative: within(ofClass(false)).map((below) => 1 - below / positives),
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function variance(values: Float64Array): number {
  const centre = sum(values) / values.length;
  return sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1);
}
