import { internalError } from '../../protocol/errors';
import { createMultiplier, type FloatArray, type Multiplier, multiplierBytes, type Target } from '../products/multiply';
import { createHeap, heapBytes, type Place } from '../wasm/heap';
import { factorBlock, solveRow, transposeTriangle } from './cholesky';

/**
 * Solves (L L^T) x = b for many right-hand sides.
 *
 * @param factor [n, n] of `cholesky`
 * @param sides [count, n], each row a right-hand side
 * @returns [count, n], each row a solution
 */
export function solveCholesky(factor: Float64Array, n: number, sides: FloatArray, count: number): Float64Array {
  if (factor.length !== n * n || sides.length !== count * n)
    throw internalError(`${sides.length} elements are not ${count} right-hand sides of a ${n} x ${n} factor`);
  const heap = createHeap(heapBytes(count * n * 8) + multiplierBytes('float64'));
  const x = heap.float64(count * n);
  const multiplier = createMultiplier(heap, 'float64');
  x.view.set(sides);
  forward(factor, n, x, count, multiplier);
  backward(factor, n, x, count, multiplier);
  return x.view.slice();
}

/** x <- x L^-T, that is, each row b becomes L^-1 b. */
function forward(factor: Float64Array, n: number, x: Place<Float64Array>, count: number, products: Multiplier): void {
  const triangle = new Float64Array(factorBlock * factorBlock);
  for (let j = 0; j < n; j += factorBlock) {
    const width = Math.min(factorBlock, n - j);
    const target: Target = { place: x, offset: j, rowStride: n };
    const done = { data: x.view, offset: 0, rowStride: n, columnStride: 1 };
    const rows = { data: factor, offset: j * n, rowStride: 1, columnStride: n };
    products.addProduct(target, done, rows, { m: count, n: width, k: j }, -1, 'full');
    transposeTriangle(factor, n, j, width, triangle);
    for (let r = 0; r < count; r++) solveRow(x.view, r * n + j, triangle, width);
  }
}

/** x <- x L^-1, that is, each row y becomes L^-T y. */
function backward(factor: Float64Array, n: number, x: Place<Float64Array>, count: number, products: Multiplier): void {
  for (let j = Math.floor((n - 1) / factorBlock) * factorBlock; j >= 0; j -= factorBlock) {
    const width = Math.min(factorBlock, n - j);
    const after = j + width;
    const target: Target = { place: x, offset: j, rowStride: n };
    const done = { data: x.view, offset: after, rowStride: n, columnStride: 1 };
    const rows = { data: factor, offset: after * n + j, rowStride: n, columnStride: 1 };
    products.addProduct(target, done, rows, { m: count, n: width, k: n - after }, -1, 'full');
    for (let r = 0; r < count; r++) {
      for (let p = width - 1; p >= 0; p--) {
        const place = r * n + j;
        const row = (j + p) * n + j;
        const value = x.view[place + p]! / factor[row + p]!;
        x.view[place + p] = value;
        for (let q = 0; q < p; q++) x.view[place + q] = x.view[place + q]! - value * factor[row + q]!;
      }
    }
  }
}
