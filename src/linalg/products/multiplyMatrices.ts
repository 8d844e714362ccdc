import { internalError } from '../../protocol/errors';
import { createHeap, heapBytes } from '../wasm/heap';
import { createMultiplier, type FloatArray, type MatrixView, multiplierBytes } from './multiply';
import { type Element, elementBytes } from './tileKernel';

/** C is [m, n], sums run over k. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Bytes of the part of a product that is computed at a time. */
const partBytes = 1 << 26;

/** A B for a [m, k], b [k, n], in float32. @returns [m, n] */
export function multiplyMatrices(a: FloatArray, b: FloatArray, sizes: ProductSizes): Float32Array {
  const { m, n, k } = checked(a, b, sizes);
  return product32(rowMajor(a, k), rowMajor(b, n), { m, n, k });
}

/** A B^T for a [m, k], b [n, k], in float32. @returns [m, n] */
export function multiplyByTransposed(a: FloatArray, b: FloatArray, sizes: ProductSizes): Float32Array {
  const { m, n, k } = checked(a, b, sizes);
  return product32(rowMajor(a, k), transposed(rowMajor(b, k)), { m, n, k });
}

/** A^T B for a [k, m], b [k, n], in float32. @returns [m, n] */
export function multiplyTransposedBy(a: FloatArray, b: FloatArray, sizes: ProductSizes): Float32Array {
  const { m, n, k } = checked(a, b, sizes);
  return product32(transposed(rowMajor(a, m)), rowMajor(b, n), { m, n, k });
}

function product32(a: MatrixView, b: MatrixView, sizes: ProductSizes): Float32Array {
  const result = new Float32Array(sizes.m * sizes.n);
  multiplyViews(result, a, b, sizes, 'full');
  return result;
}

/** A matrix that lies row by row. */
export function rowMajor(data: FloatArray, columns: number): MatrixView {
  return { data, offset: 0, rowStride: columns, columnStride: 1 };
}

export function transposed(view: MatrixView): MatrixView {
  return { ...view, rowStride: view.columnStride, columnStride: view.rowStride };
}

/**
 * result = A B, computed in the type of `result`.
 *
 * @param result [m, n]
 * @param part `lower`: of a square result only elements with column <= row are sure to be computed
 */
export function multiplyViews(
  result: FloatArray,
  a: MatrixView,
  b: MatrixView,
  { m, n, k }: ProductSizes,
  part: 'full' | 'lower',
): void {
  if (m === 0 || n === 0) return;
  const element: Element = result instanceof Float32Array ? 'float32' : 'float64';
  const size = elementBytes[element];
  const most = Math.min(m, Math.max(4, Math.floor(partBytes / (n * size))));
  const heap = createHeap(multiplierBytes(element) + heapBytes(most * n * size));
  const place = element === 'float32' ? heap.float32(most * n) : heap.float64(most * n);
  const multiplier = createMultiplier(heap, element);
  for (let first = 0; first < m; first += most) {
    const rows = Math.min(most, m - first);
    const columns = part === 'full' ? n : Math.min(n, first + rows);
    const from = { ...a, offset: a.offset + first * a.rowStride };
    place.view.fill(0);
    // Rows further down reach further right of the diagonal than the first of this part: those are computed in full.
    const shape = part === 'lower' && first === 0 ? 'lower' : 'full';
    multiplier.addProduct({ place, offset: 0, rowStride: n }, from, b, { m: rows, n: columns, k }, 1, shape);
    result.set(place.view.subarray(0, rows * n), first * n);
  }
}

function checked(a: FloatArray, b: FloatArray, { m, n, k }: ProductSizes): ProductSizes {
  if (a.length !== m * k || b.length !== k * n)
    throw internalError(`${a.length} and ${b.length} elements do not multiply as [${m}, ${k}] by [${k}, ${n}]`);
  return { m, n, k };
}
