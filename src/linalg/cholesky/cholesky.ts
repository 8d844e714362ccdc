/**
 * cholesky/ factors symmetric positive definite matrices in float64 and solves with the factors. It never makes a matrix
 * positive definite: one that is not is refused.
 */
import { inputError, internalError } from '../../protocol/errors';
import { createMultiplier, type MatrixView, multiplierBytes, type Target } from '../products/multiply';
import { createHeap, heapBytes } from '../wasm/heap';

/** Columns factored at a time. */
export const factorBlock = 64;

/**
 * L of matrix = L L^T.
 *
 * @param matrix [n, n]; only elements with column <= row are read
 * @returns [n, n], zero above the diagonal
 * @throws UserError `not-positive-definite`, which a matrix with elements that are not finite is neither
 */
export function cholesky(matrix: Float64Array | Float32Array, n: number): Float64Array {
  if (!Number.isInteger(n) || n < 0 || matrix.length !== n * n)
    throw internalError(`a matrix of ${matrix.length} elements is not ${n} x ${n}`);
  const heap = createHeap(heapBytes(n * n * 8) + multiplierBytes('float64'));
  const place = heap.float64(n * n);
  const multiplier = createMultiplier(heap, 'float64');
  const a = place.view;
  for (let i = 0; i < n; i++) a.set(matrix.subarray(i * n, i * n + i + 1), i * n);
  const triangle = new Float64Array(factorBlock * factorBlock);
  for (let j = 0; j < n; j += factorBlock) {
    const width = Math.min(factorBlock, n - j);
    const below = j + width;
    factorTriangle(a, n, j, width);
    transposeTriangle(a, n, j, width, triangle);
    for (let i = below; i < n; i++) solveRow(a, i * n + j, triangle, width);
    const left: MatrixView = { data: a, offset: below * n + j, rowStride: n, columnStride: 1 };
    const right: MatrixView = { ...left, rowStride: 1, columnStride: n };
    const target: Target = { place, offset: below * n + below, rowStride: n };
    const rest = n - below;
    multiplier.addProduct(target, left, right, { m: rest, n: rest, k: width }, -1, 'lower');
  }
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) factor.set(a.subarray(i * n, i * n + i + 1), i * n);
  return factor;
}

/** Factors the square of `width` rows and columns from j on, in place. */
function factorTriangle(a: Float64Array, n: number, j: number, width: number): void {
  for (let c = j; c < j + width; c++) {
    let pivot = a[c * n + c]!;
    for (let p = j; p < c; p++) pivot -= a[c * n + p]! * a[c * n + p]!;
    if (!(pivot > 0 && pivot < Number.POSITIVE_INFINITY))
      throw inputError(
        'not-positive-definite',
        `A ${n} x ${n} matrix is not positive definite: pivot ${c} is ${pivot}.`,
        'Raise the damping, or leave out rows whose gradient is not finite.',
      );
    const root = Math.sqrt(pivot);
    a[c * n + c] = root;
    for (let i = c + 1; i < j + width; i++) {
      let sum = a[i * n + c]!;
      for (let p = j; p < c; p++) sum -= a[i * n + p]! * a[c * n + p]!;
      a[i * n + c] = sum / root;
    }
  }
}

/** The triangle of `width` rows from (j, j) on, transposed: row p of the result is column p. */
export function transposeTriangle(
  factor: Float64Array,
  n: number,
  j: number,
  width: number,
  result: Float64Array,
): void {
  for (let p = 0; p < width; p++) for (let q = p; q < width; q++) result[p * width + q] = factor[(j + q) * n + j + p]!;
}

/** Solves x L^T = b in place: `width` elements from `offset` on; `triangle` is L^T row by row. */
export function solveRow(rows: Float64Array, offset: number, triangle: Float64Array, width: number): void {
  for (let p = 0; p < width; p++) {
    const x = rows[offset + p]! / triangle[p * width + p]!;
    rows[offset + p] = x;
    for (let q = p + 1; q < width; q++) rows[offset + q] = rows[offset + q]! - x * triangle[p * width + q]!;
  }
}
