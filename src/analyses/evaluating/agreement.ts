import { bootstrapStatistic } from '../../linalg/statistics/bootstrapInterval';
import type { BootstrapSettings, Interval } from '../../linalg/statistics/interval';
import { pearson } from '../../linalg/statistics/pearson';
import { spearman } from '../../linalg/statistics/spearman';
import { internalError } from '../../protocol/errors';

/** How predicted changes stand to actual ones. */
export interface Agreement {
  readonly pairs: number;
  /** Share of pairs whose signs are the same; those of which one side is exactly 0 count as wrong. */
  readonly sign: Interval;
  /** null: fewer than three pairs, or one side is constant. */
  readonly spearman: Interval | null;
  readonly pearson: Interval | null;
}

/** Pairs of predicted and actual changes, in any order. */
export function agreementOf(
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
  settings: BootstrapSettings,
): Agreement {
  const pairs = predicted.length;
  if (pairs !== actual.length || pairs === 0) throw internalError(`${pairs} predictions of ${actual.length} changes`);
  const right = (i: number): number => (Math.sign(predicted[i]!) * Math.sign(actual[i]!) > 0 ? 1 : 0);
  const over = (statistic: (drawn: ArrayLike<number>) => number): Interval => {
    const all = Uint32Array.from({ length: pairs }, (_, i) => i);
    return bootstrapStatistic(pairs, statistic, statistic(all), settings);
  };
  const correlation = (of: typeof spearman) =>
    pairs < 3 || isConstant(predicted) || isConstant(actual)
      ? null
      : over((drawn) => {
          const [a, b] = [pick(predicted, drawn), pick(actual, drawn)];
          // A resample of one pair over and over says nothing.
          return isConstant(a) || isConstant(b) ? 0 : of(a, b);
        });
  const sign = over((drawn) => Array.from(drawn).reduce((sum, i) => sum + right(i), 0) / pairs);
  return { pairs, sign, spearman: correlation(spearman), pearson: correlation(pearson) };
}

function pick(values: ArrayLike<number>, places: ArrayLike<number>): Float64Array {
  return Float64Array.from(places, (place) => values[place]!);
}

function isConstant(values: ArrayLike<number>): boolean {
  return Array.from(values).every((value) => value === values[0]);
}
