import { internalError } from '../../protocol/errors';
import { createRandom } from '../random';
import { type BootstrapSettings, checkBootstrap, type Interval, percentileInterval } from './interval';
import { mean } from './mean';

/** The mean of independent values with its percentile bootstrap interval. */
export function bootstrapInterval(values: ArrayLike<number>, settings: BootstrapSettings): Interval {
  const estimate = mean(values);
  return bootstrapStatistic(
    values.length,
    (drawn) => {
      let sum = 0;
      for (let i = 0; i < drawn.length; i++) sum += values[drawn[i]!]!;
      return sum / drawn.length;
    },
    estimate,
    settings,
  );
}

/**
 * Any statistic of `count` independent items with its percentile bootstrap interval.
 *
 * @param statistic of the items drawn: `count` indices with repetition; the array is used again for the next draw
 * @param estimate the statistic of the items themselves
 */
export function bootstrapStatistic(
  count: number,
  statistic: (drawn: Uint32Array) => number,
  estimate: number,
  settings: BootstrapSettings,
): Interval {
  checkBootstrap(settings);
  if (!Number.isInteger(count) || count < 1) throw internalError(`a bootstrap of ${count} items`);
  const random = createRandom(settings.seed, 'bootstrap');
  const drawn = new Uint32Array(count);
  const samples = new Float64Array(settings.resamples);
  for (let r = 0; r < samples.length; r++) {
    for (let i = 0; i < count; i++) drawn[i] = random.integer(count);
    samples[r] = statistic(drawn);
  }
  return percentileInterval(estimate, samples, settings.level);
}
