import { internalError } from '../../protocol/errors';
import { createMultiplier, type Multiplier, multiplierBytes } from '../products/multiply';
import { rowMajor, transposed } from '../products/multiplyMatrices';
import { createHeap, heapBytes, type Place } from '../wasm/heap';
import { minimizeTogether } from './minimizeTogether';
import type { ReducedFeatures } from './reduceFeatures';

/**
 * One fit: rows that it learns from, and the penalty. With rows i, classes k, labels y:
 *
 *   sum_i -log p(y_i | x_i) + penalty / 2 sum_k |w_k|^2,   p(k | x) = softmax_k(w_k . x + b_k)
 *
 * the intercepts b free of penalty. Two classes have one w (the log-odds of the second class), as is usual.
 */
export interface LogisticFit {
  /** [rows] 1: learned from. */
  readonly learned: Uint8Array;
  /** Above 0. scikit-learn's C is its inverse. */
  readonly penalty: number;
}

/** Fits of the same rows and labels. */
export interface LogisticModels {
  /** [fits, outputs, rank + 1]: coefficients on reduced features, then the intercept. */
  readonly parameters: Float64Array;
  /** [fits] 0 where the steps ran out before the tolerance was reached. */
  readonly converged: Uint8Array;
  readonly steps: number;
}

export interface LogisticSettings {
  /** Fits end when what is left to gain is less than this share of the objective, by the curvature at its most. */
  readonly tolerance: number;
  readonly mostSteps: number;
}

/** Computes many fits over the same rows; keeps its memory between calls. */
export interface LogisticSolver {
  readonly classes: number;
  /** Linear functions of a fit: 1 for two classes, else one a class. */
  readonly outputs: number;
  /** @param start of each fit, as in `LogisticModels`; undefined: zeros */
  fit(fits: readonly LogisticFit[], start: Float64Array | undefined, settings: LogisticSettings): LogisticModels;
  /**
   * Probabilities of all rows under each fit; classes that a fit saw no row of have 0.
   *
   * @returns [fits, rows, classes]
   */
  predict(fits: readonly LogisticFit[], parameters: Float64Array): Float64Array;
}

/**
 * @param labels [rows], each in [0, classes)
 * @param mostFits fits of one call
 */
export function createLogisticSolver(
  features: ReducedFeatures,
  labels: Int32Array,
  classes: number,
  mostFits: number,
): LogisticSolver {
  const { rows, rank, values, squares } = features;
  if (classes < 2 || labels.length !== rows || labels.some((label) => !(label >= 0 && label < classes)))
    throw internalError(`${labels.length} labels of ${classes} classes for ${rows} rows`);
  const outputs = classes === 2 ? 1 : classes;
  const width = rank + 1;
  const mostColumns = mostFits * outputs;
  const heap = createHeap(
    multiplierBytes('float64') + heapBytes(rows * mostColumns * 8) + heapBytes(mostColumns * Math.max(1, rank) * 8),
  );
  const logits = heap.float64(rows * mostColumns);
  const slopes = heap.float64(mostColumns * Math.max(1, rank));
  const products = createMultiplier(heap, 'float64');
  const z = rowMajor(values, rank);

  /** Logits [rows, columns] of coefficients [columns, rank + 1]. */
  const computeLogits = (parameters: Float64Array, columns: number): void => {
    for (let i = 0; i < rows; i++)
      for (let c = 0; c < columns; c++) logits.view[i * columns + c] = parameters[c * width + rank]!;
    const w = transposed({ data: parameters, offset: 0, rowStride: width, columnStride: 1 });
    multiplyInto(products, logits, columns, z, w, { m: rows, n: columns, k: rank });
  };
  /** Slopes [columns, rank]: R^T Z of residuals that lie where the logits were. */
  const computeSlopes = (columns: number): void => {
    slopes.view.fill(0, 0, columns * rank);
    const r = transposed(rowMajor(logits.view, columns));
    multiplyInto(products, slopes, rank, r, z, { m: columns, n: rank, k: rows });
  };
  const present = (fits: readonly LogisticFit[]): Uint8Array[] =>
    fits.map(({ learned }) => {
      const found = new Uint8Array(classes);
      for (let i = 0; i < rows; i++) if (learned[i] === 1) found[labels[i]!] = 1;
      return found;
    });

  return {
    classes,
    outputs,
    fit: (fits, start, { tolerance, mostSteps }) => {
      if (fits.length > mostFits) throw internalError(`${fits.length} fits of at most ${mostFits}`);
      const size = outputs * width;
      const seen = present(fits);
      // Curvature is at most q z_j^2 + penalty: by its root, each coordinate is brought to the scale of the objective.
      const scales = fits.map(({ learned, penalty }) => {
        const count = learned.reduce((sum, one) => sum + one, 0);
        const q = classes === 2 ? 0.25 : (1 - 1 / classes) / classes;
        const one = new Float64Array(width);
        for (let j = 0; j < rank; j++) one[j] = 1 / Math.sqrt((q * squares[j]! * count) / rows + penalty);
        one[rank] = 1 / Math.sqrt(Math.max(1, q * count));
        return one;
      });
      const scaled = new Float64Array(fits.length * size);
      if (start !== undefined)
        for (let f = 0; f < fits.length; f++)
          for (let p = 0; p < size; p++) scaled[f * size + p] = start[f * size + p]! / scales[f]![p % width]!;
      const gathered = new Float64Array(fits.length * size);
      const evaluate = (active: readonly number[], points: Float64Array, slopesInto: Float64Array): Float64Array => {
        const columns = active.length * outputs;
        for (const [a, f] of active.entries()) {
          const scale = scales[f]!;
          for (let k = 0; k < outputs; k++) {
            const [to, from] = [a * size + k * width, f * size + k * width];
            for (let j = 0; j < width; j++) gathered[to + j] = points[from + j]! * scale[j]!;
          }
        }
        computeLogits(gathered, columns);
        const objectives = new Float64Array(active.length);
        const intercepts = new Float64Array(columns);
        for (const [a, f] of active.entries()) {
          const { learned } = fits[f]!;
          for (let i = 0; i < rows; i++) {
            const at = i * columns + a * outputs;
            if (learned[i] === 0) for (let k = 0; k < outputs; k++) logits.view[at + k] = 0;
            else objectives[a]! += residuals(logits.view, at, outputs, labels[i]!, seen[f]!);
            for (let k = 0; k < outputs; k++) intercepts[a * outputs + k]! += logits.view[at + k]!;
          }
        }
        computeSlopes(columns);
        for (const [a, f] of active.entries()) {
          const { penalty } = fits[f]!;
          const scale = scales[f]!;
          for (let k = 0; k < outputs; k++) {
            const column = a * outputs + k;
            const from = a * size + k * width;
            const to = f * size + k * width;
            for (let j = 0; j < rank; j++) {
              const w = gathered[from + j]!;
              objectives[a]! += (penalty / 2) * w * w;
              slopesInto[to + j] = (slopes.view[column * rank + j]! + penalty * w) * scale[j]!;
            }
            slopesInto[to + rank] = intercepts[column]! * scale[rank]!;
          }
        }
        return objectives;
      };
      const { points, converged, steps } = minimizeTogether(scaled, fits.length, evaluate, { tolerance, mostSteps });
      for (let f = 0; f < fits.length; f++)
        for (let p = 0; p < size; p++) points[f * size + p]! *= scales[f]![p % width]!;
      return { parameters: points, converged, steps };
    },
    predict: (fits, parameters) => {
      const columns = fits.length * outputs;
      computeLogits(parameters, columns);
      const seen = present(fits);
      const result = new Float64Array(fits.length * rows * classes);
      for (let i = 0; i < rows; i++)
        for (let f = 0; f < fits.length; f++) {
          const at = i * columns + f * outputs;
          probabilities(logits.view, at, outputs, seen[f]!, result, (f * rows + i) * classes);
        }
      return result;
    },
  };
}

function multiplyInto(
  products: Multiplier,
  place: Place<Float64Array>,
  rowStride: number,
  ...[a, b, sizes]: [
    Parameters<Multiplier['addProduct']>[1],
    Parameters<Multiplier['addProduct']>[2],
    Parameters<Multiplier['addProduct']>[3],
  ]
): void {
  if (sizes.k > 0) products.addProduct({ place, offset: 0, rowStride }, a, b, sizes, 1, 'full');
}

/** Replaces logits by p - [label], and gives -log p(label). Where a class was never seen, its probability is 0. */
function residuals(values: Float64Array, at: number, outputs: number, label: number, seen: Uint8Array): number {
  if (outputs === 1) {
    if (seen[0] === 0 || seen[1] === 0) {
      values[at] = 0;
      return 0;
    }
    const logit = values[at]!;
    const signed = label === 1 ? -logit : logit;
    // p(second class) - label, without a difference of near-equal numbers.
    const wrong = 1 / (1 + Math.exp(-signed));
    values[at] = label === 1 ? -wrong : wrong;
    return softplus(signed);
  }
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < outputs; k++) if (seen[k] === 1) most = Math.max(most, values[at + k]!);
  let sum = 0;
  for (let k = 0; k < outputs; k++) if (seen[k] === 1) sum += Math.exp(values[at + k]! - most);
  const loss = Math.log(sum) + most - values[at + label]!;
  for (let k = 0; k < outputs; k++)
    values[at + k] = (seen[k] === 1 ? Math.exp(values[at + k]! - most) / sum : 0) - (k === label ? 1 : 0);
  return loss;
}

/** log(1 + e^x) */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

function probabilities(
  values: Float64Array,
  at: number,
  outputs: number,
  seen: Uint8Array,
  into: Float64Array,
  to: number,
): void {
  if (outputs === 1) {
    const second = seen[0] === 0 ? 1 : seen[1] === 0 ? 0 : 1 / (1 + Math.exp(-values[at]!));
    into[to] = seen[0] === 0 ? 0 : seen[1] === 0 ? 1 : 1 / (1 + Math.exp(values[at]!));
    into[to + 1] = second;
    return;
  }
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < outputs; k++) if (seen[k] === 1) most = Math.max(most, values[at + k]!);
  let sum = 0;
  for (let k = 0; k < outputs; k++) {
    into[to + k] = seen[k] === 1 ? Math.exp(values[at + k]! - most) : 0;
    sum += into[to + k]!;
  }
  for (let k = 0; k < outputs; k++) into[to + k]! /= sum;
}
