import { internalError } from '../../protocol/errors';
import { createRandom } from '../random';
import { type BootstrapSettings, checkBootstrap, type Interval, percentileInterval } from './interval';
import { mean } from './mean';

/** Means over items that come in groups, with intervals over resampled groups; all see the same resamples. */
export interface GroupBootstrap {
  /** @param values one an item */
  mean(values: ArrayLike<number>): Interval;
}

/**
 * Groups are drawn whole (the cluster bootstrap): items of one group are alike, so they count as much less than as many
 * independent ones.
 *
 * @param groups one an item, numbered from 0 without a gap
 */
export function createGroupBootstrap(groups: Int32Array, settings: BootstrapSettings): GroupBootstrap {
  checkBootstrap(settings);
  const count = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  if (count === 0) throw internalError('a bootstrap of no groups');
  const sizes = new Float64Array(count);
  for (const group of groups) sizes[group]! += 1;
  const random = createRandom(settings.seed, 'group bootstrap');
  const drawn = Array.from({ length: settings.resamples }, () => {
    const times = new Uint16Array(count);
    for (let i = 0; i < count; i++) times[random.integer(count)]! += 1;
    return times;
  });
  const items = drawn.map((times) => weighted(times, sizes));
  return {
    mean: (values) => {
      if (values.length !== groups.length) throw internalError(`${values.length} values of ${groups.length} items`);
      const sums = new Float64Array(count);
      for (let i = 0; i < groups.length; i++) sums[groups[i]!]! += values[i]!;
      const samples = drawn.map((times, r) => weighted(times, sums) / items[r]!);
      return percentileInterval(mean(values), samples, settings.level);
    },
  };
}

function weighted(times: Uint16Array, values: Float64Array): number {
  let sum = 0;
  for (let g = 0; g < times.length; g++) sum += times[g]! * values[g]!;
  return sum;
}
