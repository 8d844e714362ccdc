/**
 * eigen/ decomposes symmetric matrices in float64. Deterministic: equal matrices give equal bits. Tridiagonal form
 * first, then its eigenvectors, then these turned back.
 */
import { inputError, internalError } from '../../protocol/errors';
import { implicitQl } from './implicitQl';

export interface Eigen {
  /** [n], ascending. */
  readonly values: Float64Array;
  /** [n, n], row k is the eigenvector of value k: matrix = sum_k values[k] v_k v_k^T. */
  readonly vectors: Float64Array;
}

/**
 * All eigenvalues and eigenvectors of a symmetric matrix; rank-deficient ones too.
 *
 * @param matrix [n, n]; only the elements with column <= row are read; not changed
 * @throws UserError `matrix-not-finite`
 */
export function symmetricEigen(matrix: Float64Array | Float32Array, n: number): Eigen {
  if (!Number.isInteger(n) || n < 0 || matrix.length !== n * n)
    throw internalError(`a matrix of ${matrix.length} elements is not ${n} x ${n}`);
  const scale = largestElement(matrix, n);
  if (n === 0 || scale === 0) return zeroMatrix(n);
  // By a power of two, so that squares neither overflow nor vanish and nothing is rounded.
  const unit = 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(scale))));
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = matrix[i * n + j]! * unit;
  const { diagonal, beside, factors } = tridiagonalise(a, n);
  const z = new Float64Array(n * n);
  for (let i = 0; i < n; i++) z[i * n + i] = 1;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(diagonal[i]!) + Math.abs(beside[i]!));
  implicitQl(diagonal, beside, { data: z, offset: 0, stride: n, columns: n }, norm);
  turnBack(z, a, factors, n);
  const order = [...diagonal.keys()].sort((i, j) => diagonal[i]! - diagonal[j]! || i - j);
  const vectors = new Float64Array(n * n);
  for (const [k, from] of order.entries()) vectors.set(z.subarray(from * n, from * n + n), k * n);
  return { values: Float64Array.from(order, (from) => diagonal[from]! / unit), vectors };
}

function largestElement(matrix: Float64Array | Float32Array, n: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const size = Math.abs(matrix[i * n + j]!);
      if (!(size < Number.POSITIVE_INFINITY))
        throw inputError(
          'matrix-not-finite',
          `Element (${i}, ${j}) of a ${n} x ${n} matrix is ${matrix[i * n + j]}: it has no eigenvectors.`,
          'Look for rows whose loss or gradient is not finite, and leave them out.',
        );
      if (size > largest) largest = size;
    }
  }
  return largest;
}

function zeroMatrix(n: number): Eigen {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  return { values: new Float64Array(n), vectors };
}

/** Householder reduction from the last row upwards; row i of the lower triangle becomes the reflector of row i. */
function tridiagonalise(
  a: Float64Array,
  n: number,
): { diagonal: Float64Array; beside: Float64Array; factors: Float64Array } {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const factors = new Float64Array(n);
  const w = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    diagonal[i] = a[i * n + i]!;
    const v = a.subarray(i * n, i * n + i);
    let rest = 0;
    for (let j = 0; j < i - 1; j++) rest += v[j]! * v[j]!;
    const last = v[i - 1]!;
    if (rest === 0) {
      beside[i - 1] = last;
      continue;
    }
    const size = Math.sqrt(rest + last * last);
    const beta = last > 0 ? -size : size;
    const tau = (beta - last) / beta;
    for (let j = 0; j < i - 1; j++) v[j] = v[j]! / (last - beta);
    v[i - 1] = 1;
    beside[i - 1] = beta;
    factors[i] = tau;
    w.fill(0, 0, i);
    for (let r = 0; r < i; r++) {
      let sum = a[r * n + r]! * v[r]!;
      for (let j = 0; j < r; j++) {
        sum += a[r * n + j]! * v[j]!;
        w[j] = w[j]! + a[r * n + j]! * v[r]!;
      }
      w[r] = w[r]! + sum;
    }
    let overlap = 0;
    for (let j = 0; j < i; j++) overlap += w[j]! * v[j]!;
    for (let j = 0; j < i; j++) w[j] = tau * (w[j]! - 0.5 * tau * overlap * v[j]!);
    for (let r = 0; r < i; r++)
      for (let j = 0; j <= r; j++) a[r * n + j] = a[r * n + j]! - v[r]! * w[j]! - w[r]! * v[j]!;
  }
  diagonal[0] = a[0]!;
  return { diagonal, beside, factors };
}

/** z <- z H_1 H_2 ... H_{n-1}: vectors of the tridiagonal matrix become those of the matrix. */
function turnBack(z: Float64Array, a: Float64Array, factors: Float64Array, n: number): void {
  for (let i = 1; i < n; i++) {
    const tau = factors[i]!;
    if (tau === 0) continue;
    for (let k = 0; k < n; k++) {
      let sum = 0;
      for (let j = 0; j < i; j++) sum += z[k * n + j]! * a[i * n + j]!;
      for (let j = 0; j < i; j++) z[k * n + j] = z[k * n + j]! - tau * sum * a[i * n + j]!;
    }
  }
}
