import { bootstrapInterval } from '../../linalg/statistics/bootstrapInterval';
import type { BootstrapSettings, Interval } from '../../linalg/statistics/interval';
import { pairedBootstrap } from '../../linalg/statistics/pairedBootstrap';

/** What removing each method's own top rows did. */
export interface RemovalEffects {
  /** Mean rise of the query's loss (fall of its measurement) in nats, by method, resampling queries. */
  readonly effects: readonly Interval[];
  /** Of the random removals, averaged for each query first. */
  readonly random: Interval;
  /** By method: its effect minus that of the random removals, query by query. */
  readonly againstRandom: readonly Interval[];
  /** By method: its effect minus that of the reference method's removals; null for the reference itself. */
  readonly againstReference: readonly (Interval | null)[];
}

/**
 * QLD: the rise of queries' losses after the top rows of each method are gone.
 *
 * @param byMethod one [queries] a method, nats
 * @param random one [queries] a random removal, nats
 * @param reference place of the method that others are held against (bm25)
 */
export function removalEffects(
  byMethod: readonly ArrayLike<number>[],
  random: readonly ArrayLike<number>[],
  reference: number,
  settings: BootstrapSettings,
): RemovalEffects {
  const queries = byMethod[0]!.length;
  const chance = Float64Array.from(
    { length: queries },
    (_, q) => random.reduce((sum, removal) => sum + removal[q]!, 0) / random.length,
  );
  return {
    effects: byMethod.map((values) => bootstrapInterval(values, settings)),
    random: bootstrapInterval(chance, settings),
    againstRandom: byMethod.map((values) => pairedBootstrap(values, chance, settings)),
    againstReference: byMethod.map((values, method) =>
      method === reference ? null : pairedBootstrap(values, byMethod[reference]!, settings),
    ),
  };
}
