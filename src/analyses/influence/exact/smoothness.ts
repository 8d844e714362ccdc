import { createRandom, shuffled } from '../../../linalg/random';
import type { Activations } from '../../training/buildTrainingStep';
import { type RecordedRun, replayRun } from '../../training/replayRun';
import type { ParameterValues } from '../../training/trainable';
import type { TrainingModel } from '../../training/trainingModel';
import type { ExactDerivatives } from './differentiateThroughRun';

/** Lengths of the change of the row weights at which a run is tried: 1 is that of a removed row. */
const sizes = { removedRow: 1, near: 1 / 100 } as const;

/**
 * A run is smooth where every figure reaches these. Measured on runs of 6 steps and 12 rows with six seeds: near,
 * metasmoothness is .995 or more with warm-up or SGD and .48 to .58 with Adam without warm-up, agreement .93 or more and
 * .38 to .71; at a removed row both kinds of run lie between .8 and 1.
 */
export const smoothnessThresholds = {
  removedRow: { metasmoothness: 0.7, agreement: 0.7 },
  near: { metasmoothness: 0.9, agreement: 0.8 },
} as const;

export type SmoothnessSize = keyof typeof sizes;

export interface SmoothnessFigures {
  /**
   * In [-1, 1]: how much of the trained values' change goes on in the same direction in the second of two equal moves of
   * the row weights, the values weighted by how far the first moved them (arXiv 2503.13751).
   */
  readonly metasmoothness: number;
  /**
   * 1 - the mean difference of derivative and central finite difference / the size that such a derivative has on
   * average; over measurements. 1 where they are equal, 0 or less where the derivative says nothing.
   */
  readonly agreement: number;
}

export interface Smoothness {
  readonly figures: Readonly<Record<SmoothnessSize, SmoothnessFigures>>;
  readonly verdict: 'smooth' | 'rough';
  /** For a rough run: what it means and which recipe would trace well. */
  readonly warning: string | undefined;
}

export interface SmoothnessOptions {
  readonly activations: Activations;
  /** Of the direction in which row weights are moved. */
  readonly seed: number;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Whether a derivative through the run says what it seems to: row weights are moved along one direction (all rows by
 * the same amount, up or down), forth and back, by the length of a removed row and by a hundredth of it, and the
 * run is trained again each time: four trainings. Without warm-up Adam's first update is nearly the sign of the
 * gradient, and the end of the run jumps as weights move.
 *
 * Measurements are taken as linear at the end of the run, so that none has to be computed again.
 *
 * @param exact what `differentiateThroughRun` found for this run
 * @param finalAdjoints what it was given
 */
export async function smoothness(
  run: RecordedRun,
  model: Pick<TrainingModel, 'config' | 'weights'>,
  exact: Pick<ExactDerivatives, 'derivatives' | 'finalValues'>,
  finalAdjoints: readonly ParameterValues[],
  options: SmoothnessOptions,
): Promise<Smoothness> {
  const direction = balancedSigns(run, options.seed);
  const names = Object.keys(sizes) as SmoothnessSize[];
  let done = 0;
  const trained = async (move: number): Promise<ParameterValues> => {
    const factor = (row: number): number => 1 + move * direction.get(row)!;
    const { state } = await replayRun(run, model, options.activations, factor, async () => {
      done += 1;
      options.onProgress({ done, total: names.length * 2 * run.steps.length });
    });
    return state.values;
  };
  const figuresAt = async (size: number): Promise<SmoothnessFigures> => {
    const move = size / Math.sqrt(direction.size);
    const before = await trained(-move);
    const after = await trained(move);
    return {
      metasmoothness: signAgreement(before, exact.finalValues, after),
      agreement: agreement(run, exact.derivatives, finalAdjoints, direction, before, after, move),
    };
  };
  const figures = { removedRow: await figuresAt(sizes.removedRow), near: await figuresAt(sizes.near) };
  const rough = names.some((name) => {
    const threshold = smoothnessThresholds[name];
    // Written so that what is not a number fails.
    return !(
      figures[name].metasmoothness >= threshold.metasmoothness && figures[name].agreement >= threshold.agreement
    );
  });
  return { figures, verdict: rough ? 'rough' : 'smooth', warning: rough ? warningOf(run, figures) : undefined };
}

/**
 * +1 or -1 for every row of the run, both in turn among the rows that meet in a step: moved all the same way, a batch's
 * gradient would keep its direction, and Adam and clipping do not see its length.
 */
function balancedSigns({ rows, steps }: RecordedRun, seed: number): ReadonlyMap<number, number> {
  const random = createRandom(seed, 'direction of row weights');
  const signs = new Map<number, number>();
  for (const batch of [...steps.map((step) => step.rows), [...rows.keys()]]) {
    let sign = random.integer(2) * 2 - 1;
    for (const row of shuffled(batch, random)) {
      if (signs.has(row)) continue;
      signs.set(row, sign);
      sign = -sign;
    }
  }
  return signs;
}

function signAgreement(before: ParameterValues, middle: ParameterValues, after: ParameterValues): number {
  let agreeing = 0;
  let all = 0;
  for (const [name, values] of middle) {
    const [from, to] = [before.get(name)!, after.get(name)!];
    for (let i = 0; i < values.length; i++) {
      const first = values[i]! - from[i]!;
      agreeing += Math.abs(first) * Math.sign(first) * Math.sign(to[i]! - values[i]!);
      all += Math.abs(first);
    }
  }
  // Nothing moved at all: as smooth as can be.
  return all === 0 ? 1 : agreeing / all;
}

function agreement(
  { rows }: RecordedRun,
  derivatives: readonly Float64Array[],
  finalAdjoints: readonly ParameterValues[],
  direction: ReadonlyMap<number, number>,
  before: ParameterValues,
  after: ParameterValues,
  move: number,
): number {
  let difference = 0;
  let size = 0;
  const signs = [...rows.keys()].map((row) => direction.get(row)!);
  for (const [index, adjoint] of finalAdjoints.entries()) {
    const own = derivatives[index]!;
    const predicted = own.reduce((sum, value, row) => sum + value * signs[row]!, 0);
    const found = changeAlong(adjoint, before, after) / (2 * move);
    difference += Math.abs(found - predicted);
    // The root mean square of `predicted` over directions.
    size += Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
  }
  return size === 0 ? 1 : 1 - difference / size;
}

function changeAlong(adjoint: ParameterValues, before: ParameterValues, after: ParameterValues): number {
  let sum = 0;
  for (const [name, gradient] of adjoint) {
    const [from, to] = [before.get(name)!, after.get(name)!];
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * (to[i]! - from[i]!);
  }
  return sum;
}

function warningOf({ record, steps }: RecordedRun, figures: Smoothness['figures']): string {
  const { optimizer } = record.recipe;
  const shown = (size: SmoothnessSize): string =>
    `${figures[size].agreement.toFixed(2)} agreement, ${figures[size].metasmoothness.toFixed(2)} metasmoothness`;
  const advice =
    optimizer.name !== 'adamw'
      ? 'Lower the learning rate'
      : steps[0]!.learningRate > 0
        ? 'Train with warm-up steps (the first has rate 0), or with a larger eps (1e-3) or epsRoot (1e-8)'
        : 'Train with more warm-up steps, a lower learning rate, or a larger eps (1e-3) or epsRoot (1e-8)';
  return (
    `The end of this run jumps as row weights move: ${shown('removedRow')} at the size of a removed row, ` +
    `${shown('near')} at a hundredth of it. Exact derivatives may be spikes that say little about removing a row. ` +
    `${advice}, trace that run, and verify what is found by retraining.`
  );
}
