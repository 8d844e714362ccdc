import type { MatrixView, Multiplier } from '../products/multiply';
import { type Heap, heapBytes, type Place } from '../wasm/heap';

/** Reflectors applied at a time. */
const group = 64;

/** Heap bytes that `turnBack` takes. */
export function turnBackBytes(n: number): number {
  return 2 * heapBytes(n * group * 8) + heapBytes(group * group * 8);
}

/**
 * Z <- Z H_1 H_2 ... H_{n-1}: eigenvectors of the tridiagonal form (rows of Z) become those of the matrix. Reflectors
 * are gathered as I - V^T T V (Schreiber and Van Loan), so that all work is products of matrices.
 *
 * @param z [n, stride]
 * @param reflectors row i is v of H_i, its first i elements
 * @param factors [n], tau of each
 */
export function turnBack(
  heap: Heap,
  z: Place<Float64Array>,
  reflectors: Float64Array,
  factors: Float64Array,
  stride: number,
  products: Multiplier,
): void {
  const n = factors.length;
  const overlaps = heap.float64(n * group);
  const turned = heap.float64(n * group);
  const gram = heap.float64(group * group);
  const v = new Float64Array(group * n);
  const t = new Float64Array(group * group);
  for (let begin = 1; begin < n; begin += group) {
    const count = Math.min(group, n - begin);
    const length = begin + count - 1;
    v.fill(0);
    for (let k = 0; k < count; k++)
      v.set(reflectors.subarray((begin + k) * stride, (begin + k) * stride + begin + k), k * length);
    const rows: MatrixView = { data: v, offset: 0, rowStride: length, columnStride: 1 };
    const columns: MatrixView = { ...rows, rowStride: 1, columnStride: length };
    gram.view.fill(0);
    const toGram = { place: gram, offset: 0, rowStride: group };
    products.addProduct(toGram, rows, columns, { m: count, n: count, k: length }, 1, 'lower');
    triangle(gram.view, factors.subarray(begin, begin + count), t);
    const vectors: MatrixView = { data: z.view, offset: 0, rowStride: stride, columnStride: 1 };
    const narrow = (data: Float64Array): MatrixView => ({ data, offset: 0, rowStride: group, columnStride: 1 });
    overlaps.view.fill(0);
    turned.view.fill(0);
    const toOverlaps = { place: overlaps, offset: 0, rowStride: group };
    const toTurned = { place: turned, offset: 0, rowStride: group };
    const toZ = { place: z, offset: 0, rowStride: stride };
    products.addProduct(toOverlaps, vectors, columns, { m: n, n: count, k: length }, 1, 'full');
    products.addProduct(toTurned, narrow(overlaps.view), narrow(t), { m: n, n: count, k: count }, 1, 'full');
    products.addProduct(toZ, narrow(turned.view), rows, { m: n, n: length, k: count }, -1, 'full');
  }
}

/** T of H_1 ... H_k = I - V^T T V: upper triangular, rows of `group` elements. @param gram V V^T, column <= row */
function triangle(gram: Float64Array, factors: Float64Array, t: Float64Array): void {
  t.fill(0);
  for (const [k, tau] of factors.entries()) {
    for (let i = 0; i < k; i++) {
      let sum = 0;
      for (let j = i; j < k; j++) sum += t[i * group + j]! * gram[k * group + j]!;
      t[i * group + k] = -tau * sum;
    }
    t[k * group + k] = tau;
  }
}
