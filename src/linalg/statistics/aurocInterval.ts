import { auroc, countClasses } from './auroc';
import { checkLevel, type Interval } from './interval';
import { normalQuantile } from './normalQuantile';

/**
 * A confidence interval of an AUROC that keeps its width at 1, where DeLong's and the bootstrap's have none: all values
 * whose distance from the estimate is at most z of their own standard errors (Newcombe 2006, "Confidence intervals for
 * an effect size measure based on the Mann-Whitney statistic", part 2, method 5).
 *
 * @param positive one a score: truthy for a positive; both classes occur
 */
export function aurocInterval(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
  level: number,
): Interval {
  checkLevel(level);
  const { positives, negatives } = countClasses(scores, positive);
  const estimate = auroc(scores, positive);
  const z = normalQuantile((1 + level) / 2);
  const half = (positives + negatives) / 2 - 1;
  // Hanley and McNeil's variance of an area `a`, with the mean of both class sizes in place of each.
  const variance = (a: number): number =>
    (a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a)))) / (positives * negatives);
  const within = (a: number): boolean => Math.abs(estimate - a) <= z * Math.sqrt(variance(a));
  return { estimate, low: bisect(estimate, 0, within), high: bisect(estimate, 1, within), level };
}

/** The last value between `inside` and `outside` that is within, to a double's precision. */
function bisect(inside: number, outside: number, within: (value: number) => boolean): number {
  let near = inside;
  let far = outside;
  for (let i = 0; i < 60; i++) {
    const middle = (near + far) / 2;
    if (within(middle)) near = middle;
    else far = middle;
  }
  return near;
}
