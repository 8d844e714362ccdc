import type { TraceMethod } from '../../protocol/influence';
import type { Attribution } from './attribution';
import { astraSettings } from './estimators/astra';
import { mostCheckpoints } from './runs/tracIn';

/** Forward passes' worth of what methods do with a token: gradients, products with tangents, training, walking back. */
const passesOf = { gradient: 2, tangents: 2, training: 3, walk: 5 } as const;

/** Trainings that the smoothness of a run costs, and the replay. */
const trainings = 5;

/**
 * Tokens times forward passes that a method takes for some queries, besides rows' gradients and curvature. What is kept in
 * the store is counted as if it were not.
 */
export async function methodTokens(method: TraceMethod, attribution: Attribution, queries: number): Promise<number> {
  const { rows, place } = attribution;
  const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  switch (method) {
    case 'logra':
      return passesOf.gradient * tokens;
    case 'tracin':
      return passesOf.gradient * tokens * (mostCheckpoints + 1);
    case 'astra': {
      const share = Math.min(1, astraSettings.rows / rows.length);
      return (astraSettings.iterations + 1) * share * tokens * (1 + passesOf.tangents * queries);
    }
    case 'exact': {
      if (place.run === undefined) return 0;
      const { run } = await place.run.open();
      const trained = run.steps.reduce(
        (sum, step) => sum + step.rows.reduce((own, row) => own + run.rows.get(row)!.encoded.ids.length, 0),
        0,
      );
      return trained * (trainings * passesOf.training + queries * passesOf.walk);
    }
    default:
      return 0;
  }
}
