import { internalError } from '../../protocol/errors';
import { quantileOfSorted } from './quantile';

/** An estimate and where it may lie. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** Confidence level in (0, 1): .95 for a 95 % interval. */
  readonly level: number;
}

/** How a bootstrap draws. Saved beside its results: the same settings give the same bits. */
export interface BootstrapSettings {
  /** How many times to draw; 1,000 or more for 95 %. */
  readonly resamples: number;
  readonly seed: number;
  /** Confidence level in (0, 1). */
  readonly level: number;
}

const mostResamples = 1e6;

export function checkBootstrap({ resamples, level }: BootstrapSettings): void {
  if (!Number.isInteger(resamples) || resamples < 1 || resamples > mostResamples)
    throw internalError(`${resamples} bootstrap resamples`);
  checkLevel(level);
}

export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw internalError(`confidence level ${level} is not in (0, 1)`);
}

/** The percentile interval of a bootstrap: the middle `level` of what the resamples gave. */
export function percentileInterval(estimate: number, samples: ArrayLike<number>, level: number): Interval {
  checkLevel(level);
  const ascending = Float64Array.from(samples).sort();
  const tail = (1 - level) / 2;
  return {
    estimate,
    low: quantileOfSorted(ascending, tail),
    high: quantileOfSorted(ascending, 1 - tail),
    level,
  };
}
