import type { MatrixView, Multiplier } from '../products/multiply';
import { type Heap, heapBytes, type Place } from '../wasm/heap';
import { rowGroup, vectorKernels } from './vectorKernels';

/** Reflectors gathered before the rest of the matrix is updated. */
const panel = 32;

/** Elements between the rows of a matrix of n rows: whole vectors, and no multiple of a page for the usual sizes. */
export function rowStride(n: number): number {
  return Math.ceil(n / 8) * 8 + 8;
}

/** Rows of a matrix in whole groups. */
export function paddedRows(n: number): number {
  return Math.ceil(n / rowGroup) * rowGroup;
}

export interface Tridiagonal {
  /** [n] */
  readonly diagonal: Float64Array;
  /** [n], element i couples i and i + 1. */
  readonly beside: Float64Array;
  /** [n], tau of reflector i, H_i = I - tau v v^T; v is row i of the matrix, its first i elements. */
  readonly factors: Float64Array;
}

/** Heap bytes that `tridiagonalise` takes. */
export function tridiagonaliseBytes(n: number): number {
  const stride = rowStride(n);
  return heapBytes(3 * panel * stride * 8) + 3 * heapBytes(stride * 8) + heapBytes(panel * 8);
}

/**
 * Householder reduction in panels (LAPACK's dsytrd and dlatrd), from the last row upwards: the matrix becomes
 * H_1 ... H_{n-1} A H_{n-1} ... H_1. Half of the work is products of matrices, the other half reads the triangle once
 * for each row.
 *
 * @param a [paddedRows(n), rowStride(n)], finite, of which elements with column <= row count; becomes the reflectors
 */
export function tridiagonalise(heap: Heap, a: Place<Float64Array>, n: number, products: Multiplier): Tridiagonal {
  const stride = rowStride(n);
  const bytes = stride * 8;
  const { symmetric, dots, combine } = vectorKernels(heap.memory);
  // Reflectors V, then W, then V again: A <- A - V^T W - W^T V is then one product.
  const pairs = heap.float64(3 * panel * stride);
  const [row, image] = [heap.float64(stride), heap.float64(stride)];
  heap.float64(stride);
  const numbers = heap.float64(panel);
  const v = (k: number): number => k * stride;
  const w = (k: number): number => (panel + k) * stride;
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const factors = new Float64Array(n);

  /** y -= sum over the panel's reflectors so far of coefficient(k) times their V or W. */
  const subtract = (
    base: number,
    count: number,
    coefficient: (k: number) => number,
    y: number,
    length: number,
  ): void => {
    numbers.view.fill(0);
    for (let k = 0; k < count; k++) numbers.view[k] = -coefficient(k);
    const groups = Math.ceil(count / rowGroup);
    combine(pairs.pointer + base * 8, bytes, groups, numbers.pointer, y, Math.ceil(length / 2));
  };
  const overlaps = (base: number, count: number, length: number): Float64Array => {
    const groups = Math.ceil(count / rowGroup);
    dots(pairs.pointer + base * 8, bytes, groups, row.pointer, numbers.pointer, Math.ceil(length / 2));
    return numbers.view.slice(0, count);
  };

  let last = n - 1;
  while (last > 0) {
    pairs.view.fill(0);
    const count = Math.min(panel, last);
    for (let k = 0; k < count; k++) {
      const i = last - k;
      row.view.fill(0);
      row.view.set(a.view.subarray(i * stride, i * stride + i + 1));
      subtract(w(0), k, (j) => pairs.view[v(j) + i]!, row.pointer, i + 1);
      subtract(v(0), k, (j) => pairs.view[w(j) + i]!, row.pointer, i + 1);
      diagonal[i] = row.view[i]!;
      const { beta, tau } = reflector(row.view, i);
      row.view.fill(0, i);
      beside[i - 1] = beta;
      factors[i] = tau;
      a.view.set(row.view.subarray(0, i), i * stride);
      if (tau === 0) continue;
      image.view.fill(0);
      multiplySymmetric(symmetric, a, stride, row, image, i);
      const [withW, withV] = [overlaps(w(0), k, i), overlaps(v(0), k, i)];
      subtract(v(0), k, (j) => withW[j]!, image.pointer, i);
      subtract(w(0), k, (j) => withV[j]!, image.pointer, i);
      let overlap = 0;
      for (let j = 0; j < i; j++) overlap += image.view[j]! * row.view[j]!;
      const [toV, toW] = [v(k), w(k)];
      for (let j = 0; j < i; j++) {
        pairs.view[toV + j] = row.view[j]!;
        pairs.view[toW + j] = tau * (image.view[j]! - 0.5 * tau * overlap * row.view[j]!);
      }
    }
    last -= count;
    const rest = last + 1;
    pairs.view.copyWithin(2 * panel * stride, 0, panel * stride);
    const left: MatrixView = { data: pairs.view, offset: 0, rowStride: 1, columnStride: stride };
    const right: MatrixView = { data: pairs.view, offset: panel * stride, rowStride: stride, columnStride: 1 };
    const target = { place: a, offset: 0, rowStride: stride };
    products.addProduct(target, left, right, { m: rest, n: rest, k: 2 * panel }, -1, 'lower');
  }
  diagonal[0] = a.view[0]!;
  return { diagonal, beside, factors };
}

/** Makes of x[0, i) the reflector that turns it onto its last element: v, whose last element is 1. */
function reflector(x: Float64Array, i: number): { readonly beta: number; readonly tau: number } {
  let rest = 0;
  for (let j = 0; j < i - 1; j++) rest += x[j]! * x[j]!;
  const last = x[i - 1]!;
  if (rest === 0) {
    x.fill(0, 0, i);
    return { beta: last, tau: 0 };
  }
  const size = Math.sqrt(rest + last * last);
  const beta = last > 0 ? -size : size;
  for (let j = 0; j < i - 1; j++) x[j] = x[j]! / (last - beta);
  x[i - 1] = 1;
  return { beta, tau: (beta - last) / beta };
}

/** y += A x for the first i rows and columns, x being zero beyond. */
function multiplySymmetric(
  kernel: (...values: readonly number[]) => void,
  a: Place<Float64Array>,
  stride: number,
  x: Place<Float64Array>,
  y: Place<Float64Array>,
  i: number,
): void {
  // Rows beyond the i-th in the last group hold reflectors: they meet only zeros of x, and their y is not used.
  kernel(a.pointer, stride * 8, x.pointer, y.pointer, Math.ceil(i / rowGroup));
  for (let first = 0; first < i; first += rowGroup) {
    const end = Math.min(i, first + rowGroup);
    for (let r = first; r < end; r++) {
      const at = r * stride;
      y.view[r] = y.view[r]! + a.view[at + r]! * x.view[r]!;
      for (let c = first; c < r; c++) {
        const element = a.view[at + c]!;
        y.view[r] = y.view[r]! + element * x.view[c]!;
        y.view[c] = y.view[c]! + element * x.view[r]!;
      }
    }
  }
}
