import { createRandom } from '../../linalg/random';
import { type BootstrapSettings, percentileInterval } from '../../linalg/statistics/interval';
import { internalError } from '../../protocol/errors';
import type { EqualHarm } from '../../protocol/pruning';
import type { StateOutcome } from './measureState';

/** Harmful score and task accuracy of a state. */
export interface HarmPoint {
  readonly harm: number;
  readonly accuracy: number;
}

/**
 * An alternative's accuracy at a harmful score: straight between the two of its states that are nearest on either side;
 * states of equal harmful score count as their mean. Beyond its ends, the end's.
 */
export function accuracyAt(curve: readonly HarmPoint[], harm: number): number {
  const groups = new Map<number, number[]>();
  for (const point of curve) groups.set(point.harm, [...(groups.get(point.harm) ?? []), point.accuracy]);
  const points = [...groups]
    .map(([at, list]) => ({ harm: at, accuracy: list.reduce((sum, value) => sum + value, 0) / list.length }))
    .sort((a, b) => a.harm - b.harm);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) throw internalError('a curve without points');
  if (harm <= first.harm) return first.accuracy;
  if (harm >= last.harm) return last.accuracy;
  const above = points.findIndex((point) => point.harm >= harm);
  const [low, high] = [points[above - 1]!, points[above]!];
  return low.accuracy + ((harm - low.harm) / (high.harm - low.harm)) * (high.accuracy - low.accuracy);
}

/**
 * Accuracy of a state minus that of an alternative at the same harmful score, with an interval over resampled harmful
 * prompts and tests: one draw serves the state and every state of the alternative, so what all share cancels.
 *
 * @param alternative states of the alternative; each inner list is averaged first (draws of one kind)
 */
export function compareAtEqualHarm(
  state: StateOutcome,
  alternative: readonly (readonly StateOutcome[])[],
  settings: BootstrapSettings,
): EqualHarm {
  const random = createRandom(settings.seed, 'equal harm');
  const [prompts, tests] = [state.harmful.length, state.tests.length];
  const all = { harmful: new Uint32Array(prompts).fill(1), tests: new Uint32Array(tests).fill(1) };
  const differenceOf = (counts: Counts): number => {
    const own = pointOf(state, counts);
    return (
      own.accuracy -
      accuracyAt(
        alternative.map((draws) => meanPoint(draws, counts)),
        own.harm,
      )
    );
  };
  const samples = new Float64Array(settings.resamples);
  for (let r = 0; r < samples.length; r++) {
    const counts = { harmful: drawn(prompts, random), tests: drawn(tests, random) };
    samples[r] = differenceOf(counts);
  }
  const own = pointOf(state, all);
  const curve = alternative.map((draws) => meanPoint(draws, all));
  return {
    difference: percentileInterval(differenceOf(all), samples, settings.level),
    accuracy: accuracyAt(curve, own.harm),
    reach: curve.some(({ harm }) => harm <= own.harm) ? 'within' : 'below',
  };
}

/** How often each prompt and each test was drawn. */
interface Counts {
  readonly harmful: Uint32Array;
  readonly tests: Uint32Array;
}

function drawn(count: number, random: ReturnType<typeof createRandom>): Uint32Array {
  const counts = new Uint32Array(count);
  for (let i = 0; i < count; i++) counts[random.integer(count)]!++;
  return counts;
}

function pointOf({ harmful, tests }: StateOutcome, counts: Counts): HarmPoint {
  let [harm, passed] = [0, 0];
  for (const [i, item] of harmful.entries()) if (item.complies) harm += counts.harmful[i]!;
  for (const [i, item] of tests.entries()) if (item.passed) passed += counts.tests[i]!;
  return { harm: harm / harmful.length, accuracy: passed / tests.length };
}

function meanPoint(draws: readonly StateOutcome[], counts: Counts): HarmPoint {
  const points = draws.map((draw) => pointOf(draw, counts));
  const mean = (of: (point: HarmPoint) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  return { harm: mean(({ harm }) => harm), accuracy: mean(({ accuracy }) => accuracy) };
}
