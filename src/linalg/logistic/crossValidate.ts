import { internalError } from '../../protocol/errors';
import type { FloatArray } from '../products/multiply';
import { createLogisticSolver, type LogisticFit, type LogisticSettings } from './fitLogistic';
import { type FeatureScaling, type ReducedFeatures, reduceFeatures } from './reduceFeatures';

/** Labels to be read off the same rows. */
export interface LabelTask {
  /** [rows], each in [0, classes). */
  readonly labels: Int32Array;
  readonly classes: number;
}

export interface CrossValidation {
  /** [rows] 0-based fold of each row; three folds at least, each with a row. */
  readonly folds: Int32Array;
  /** Penalties a row learned from to choose among, ascending: a fit of m rows is penalised m times as much. */
  readonly penalties: readonly number[];
  readonly scaling: FeatureScaling;
}

/** What was predicted of rows by fits that never saw their fold. */
export interface HeldOut {
  /** [rows, classes], each row under the fit of the other folds. */
  readonly probabilities: Float64Array;
  /** [folds] the penalty a row that the other folds chose among themselves. */
  readonly penalties: Float64Array;
  /** [folds] -log p a row, of the other folds' rows under the chosen penalty, each held out in turn. */
  readonly innerLosses: Float64Array;
}

/** Choosing a penalty needs no more than this; what is reported is fitted to the second. */
const rough: LogisticSettings = { tolerance: 1e-4, mostSteps: 400 };
const exact: LogisticSettings = { tolerance: 1e-11, mostSteps: 4000 };

/** Probabilities below this count as this: a class that a fit never saw costs the same under every penalty. */
const leastProbability = 1e-12;

/**
 * Nested cross-validation of linear probes: each fold is predicted by a fit of the others, whose penalty was chosen by
 * holding each of these others out in turn. The fit without folds a and b serves both, so all choices take
 * folds (folds - 1) / 2 fits a penalty. Penalties are walked from the strongest, each fit starting from the last.
 *
 * @param x [rows, columns]
 */
export function crossValidate(
  x: FloatArray,
  rows: number,
  columns: number,
  tasks: readonly LabelTask[],
  validation: CrossValidation,
): HeldOut[] {
  const features = reduceFeatures(x, rows, columns, validation.scaling);
  return tasks.map((task) => validateTask(features, task, validation));
}

function validateTask(
  features: ReducedFeatures,
  { labels, classes }: LabelTask,
  { folds, penalties }: CrossValidation,
): HeldOut {
  const { rows } = features;
  const count = folds.reduce((most, fold) => Math.max(most, fold + 1), 0);
  if (count < 3 || penalties.length === 0) throw internalError(`${count} folds, ${penalties.length} penalties`);
  const pairs: (readonly [number, number])[] = [];
  for (let a = 0; a < count; a++) for (let b = a + 1; b < count; b++) pairs.push([a, b]);
  const solver = createLogisticSolver(features, labels, classes, Math.max(pairs.length, count));
  const without = (a: number, b: number): Uint8Array =>
    Uint8Array.from(folds, (fold) => (fold === a || fold === b ? 0 : 1));
  const learned = pairs.map(([a, b]) => without(a, b));
  const sizes = learned.map((one) => one.reduce((sum, bit) => sum + bit, 0));

  const descending = [...penalties.keys()].sort((a, b) => penalties[b]! - penalties[a]!);
  /** [folds, penalties] summed -log p of the other folds' rows. */
  const losses = new Float64Array(count * penalties.length);
  const starts: Float64Array[] = [];
  let start: Float64Array | undefined;
  for (const p of descending) {
    const fits = learned.map((one, i): LogisticFit => ({ learned: one, penalty: penalties[p]! * sizes[i]! }));
    start = solver.fit(fits, start, rough).parameters;
    start = Float64Array.from(start);
    starts[p] = start;
    const found = solver.predict(fits, start);
    for (const [i, [a, b]] of pairs.entries())
      for (let row = 0; row < rows; row++) {
        const fold = folds[row]!;
        if (fold !== a && fold !== b) continue;
        const probability = found[(i * rows + row) * classes + labels[row]!]!;
        // The fit never saw `fold`: it speaks for the choice of the other fold of the pair.
        const chooser = fold === a ? b : a;
        losses[chooser * penalties.length + p]! -= Math.log(Math.max(probability, leastProbability));
      }
  }

  const chosen = Array.from({ length: count }, (_, fold) => {
    const own = losses.subarray(fold * penalties.length, (fold + 1) * penalties.length);
    // Of equals the strongest penalty.
    return descending.reduce((best, p) => (own[p]! < own[best]! ? p : best), descending[0]!);
  });
  const finals = chosen.map((p, fold): LogisticFit => {
    const rest = without(fold, fold);
    return { learned: rest, penalty: penalties[p]! * rest.reduce((sum, bit) => sum + bit, 0) };
  });
  const size = solver.outputs * (features.rank + 1);
  const warm = new Float64Array(count * size);
  for (const [fold, p] of chosen.entries()) {
    const pair = pairs.findIndex((one) => one.includes(fold));
    warm.set(starts[p]!.subarray(pair * size, (pair + 1) * size), fold * size);
  }
  const { parameters } = solver.fit(finals, warm, exact);
  const all = solver.predict(finals, parameters);
  const probabilities = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const from = (folds[row]! * rows + row) * classes;
    probabilities.set(all.subarray(from, from + classes), row * classes);
  }
  return {
    probabilities,
    penalties: Float64Array.from(chosen, (p) => penalties[p]!),
    innerLosses: Float64Array.from(chosen, (p, fold) => {
      const others = folds.reduce((sum, of) => sum + (of === fold ? 0 : 1), 0);
      return losses[fold * penalties.length + p]! / others;
    }),
  };
}
