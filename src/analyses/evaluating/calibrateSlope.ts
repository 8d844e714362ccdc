import { bootstrapStatistic } from '../../linalg/statistics/bootstrapInterval';
import type { BootstrapSettings, Interval } from '../../linalg/statistics/interval';

/** Fewest retrainings from which scores get a unit. */
export const leastCalibrationRetrainings = 5;

/** What one retraining did to every query. */
export interface RetrainingEffect {
  /** Sum of the removed rows' scores, one a query. */
  readonly predicted: ArrayLike<number>;
  /** Fall of the measurement in nats, one a query. */
  readonly actual: ArrayLike<number>;
}

/**
 * Nats a unit of score: the slope, through 0, of actual on predicted changes, least squares over all queries of all
 * retrainings, resampled by retraining.
 *
 * @returns undefined where there are fewer than {@link leastCalibrationRetrainings}, nothing was predicted, or the
 *   interval of the slope does not lie above 0: scores then have no unit
 */
export function calibrateSlope(
  effects: readonly RetrainingEffect[],
  settings: BootstrapSettings,
): Interval | undefined {
  if (effects.length < leastCalibrationRetrainings) return undefined;
  const sums = effects.map(({ predicted, actual }) => {
    let [products, squares] = [0, 0];
    for (let q = 0; q < predicted.length; q++) {
      products += predicted[q]! * actual[q]!;
      squares += predicted[q]! ** 2;
    }
    return { products, squares };
  });
  const slope = (drawn: ArrayLike<number>): number => {
    let [products, squares] = [0, 0];
    for (let i = 0; i < drawn.length; i++) {
      products += sums[drawn[i]!]!.products;
      squares += sums[drawn[i]!]!.squares;
    }
    return squares === 0 ? 0 : products / squares;
  };
  const all = Uint32Array.from(sums.keys());
  const interval = bootstrapStatistic(sums.length, slope, slope(all), settings);
  return interval.low > 0 ? interval : undefined;
}
