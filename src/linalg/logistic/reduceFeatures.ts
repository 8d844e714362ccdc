/**
 * logistic/ fits multinomial logistic regression with an L2 penalty in float64, many fits of the same rows at a time, and
 * cross-validates it. Deterministic: equal arguments give equal bits. It knows nothing of models or layers.
 */
import { internalError } from '../../protocol/errors';
import { symmetricEigen } from '../eigen/symmetricEigen';
import { gramMatrix } from '../products/gramMatrix';
import type { FloatArray } from '../products/multiply';
import { multiplyViews, rowMajor, transposed } from '../products/multiplyMatrices';

/**
 * How columns are brought to one scale before they are penalised alike; labels play no part. `columns`: each to standard
 * deviation 1. `whole`: all by one factor, so that a mean square of 1 remains of the whole.
 */
export type FeatureScaling = 'columns' | 'whole';

/** Rows in fewer coordinates, in which every ridge-penalised linear model is the same as before. */
export interface ReducedFeatures {
  readonly rows: number;
  /** At most the smaller of rows and columns. */
  readonly rank: number;
  /** [rows, rank], centred; their columns are orthogonal over all rows. */
  readonly values: Float64Array;
  /** [rank], sum of squares of each column. */
  readonly squares: Float64Array;
  /**
   * What a linear function of the reduced coordinates is on the given ones.
   *
   * @param coefficients [rank]
   */
  expand(coefficients: Float64Array): { readonly coefficients: Float64Array; readonly offset: number };
}

/** Directions with less than this share of the largest sum of squares hold rounding alone. */
const leastShare = 1e-13;

/** A column that varies by less than this share of its size is constant but for rounding. */
const leastDeviation = 1e-7;

/**
 * Centres and scales columns, then rotates them to their principal axes: a rotation changes no penalised fit, leaves out
 * what all rows lack, and makes the problem nearly round, so that fits take few steps.
 *
 * @param x [rows, columns]; finite
 */
export function reduceFeatures(x: FloatArray, rows: number, columns: number, scaling: FeatureScaling): ReducedFeatures {
  if (x.length !== rows * columns) throw internalError(`${x.length} elements are not [${rows}, ${columns}]`);
  const { means, factors } = scalesOf(x, rows, columns, scaling);
  const z = new Float64Array(x.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) z[i * columns + j] = (x[i * columns + j]! - means[j]!) * factors[j]!;
  const view = rowMajor(z, columns);
  const wide = columns > rows;
  const size = wide ? rows : columns;
  const gram = wide ? gramMatrix(z, rows, columns) : secondMoment(z, rows, columns);
  const { values: ascending, vectors } = symmetricEigen(gram, size);
  const largest = ascending[size - 1] ?? 0;
  const kept = [...ascending.keys()].reverse().filter((k) => ascending[k]! > largest * leastShare);
  const rank = kept.length;
  const axes = new Float64Array(rank * size);
  for (const [to, k] of kept.entries()) axes.set(vectors.subarray(k * size, (k + 1) * size), to * size);
  const squares = Float64Array.from(kept, (k) => ascending[k]!);
  // Z = U S V^T. Of the Gram matrix U is known, and Z V = U S; of the second moment V is.
  const values = new Float64Array(rows * rank);
  if (wide) {
    for (let k = 0; k < rank; k++)
      for (let i = 0; i < rows; i++) values[i * rank + k] = axes[k * rows + i]! * Math.sqrt(squares[k]!);
  } else multiplyViews(values, view, transposed(rowMajor(axes, columns)), { m: rows, n: rank, k: columns }, 'full');
  const expand = (coefficients: Float64Array): { coefficients: Float64Array; offset: number } => {
    const result = new Float64Array(columns);
    if (wide) {
      // w = Z^T U S^-1 c
      const onRows = new Float64Array(rows);
      for (let k = 0; k < rank; k++)
        for (let i = 0; i < rows; i++) onRows[i]! += (axes[k * rows + i]! * coefficients[k]!) / Math.sqrt(squares[k]!);
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j]! += z[i * columns + j]! * onRows[i]!;
    } else
      for (let k = 0; k < rank; k++)
        for (let j = 0; j < columns; j++) result[j]! += axes[k * columns + j]! * coefficients[k]!;
    let offset = 0;
    for (let j = 0; j < columns; j++) {
      result[j]! *= factors[j]!;
      offset -= result[j]! * means[j]!;
    }
    return { coefficients: result, offset };
  };
  return { rows, rank, values, squares, expand };
}

function scalesOf(x: FloatArray, rows: number, columns: number, scaling: FeatureScaling) {
  const means = new Float64Array(columns);
  const factors = new Float64Array(columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) means[j]! += x[i * columns + j]! / rows;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) factors[j]! += (x[i * columns + j]! - means[j]!) ** 2 / rows;
  const whole = factors.reduce((sum, variance) => sum + variance, 0) / Math.max(1, columns);
  for (let j = 0; j < columns; j++) {
    const deviation = Math.sqrt(factors[j]!);
    const constant = deviation <= leastDeviation * Math.abs(means[j]!) || deviation === 0;
    factors[j] = constant ? 0 : 1 / (scaling === 'columns' ? deviation : Math.sqrt(whole));
  }
  return { means, factors };
}

/** Z^T Z, the lower half of it. */
function secondMoment(z: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(columns * columns);
  const view = rowMajor(z, columns);
  multiplyViews(result, transposed(view), view, { m: columns, n: columns, k: rows }, 'lower');
  return result;
}
