import { internalError } from '../../protocol/errors';
import { bootstrapInterval } from './bootstrapInterval';
import type { BootstrapSettings, Interval } from './interval';

/** The mean of `first` - `second` over the same items, with the interval over resampled items. */
export function pairedBootstrap(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  settings: BootstrapSettings,
): Interval {
  if (first.length !== second.length) throw internalError(`${first.length} values paired with ${second.length}`);
  return bootstrapInterval(
    Float64Array.from(first, (value, i) => value - second[i]!),
    settings,
  );
}
