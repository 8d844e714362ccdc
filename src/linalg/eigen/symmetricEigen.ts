/**
 * eigen/ decomposes symmetric matrices in float64. Deterministic: equal matrices give equal bits. Tridiagonal form
 * first, then its eigenvectors, then these turned back.
 */
import { inputError, internalError } from '../../protocol/errors';
import { createMultiplier, multiplierBytes } from '../products/multiply';
import { createHeap, type Heap, heapBytes } from '../wasm/heap';
import { tridiagonalEigen, tridiagonalEigenBytes } from './tridiagonalEigen';
import { paddedRows, rowStride, tridiagonalise, tridiagonaliseBytes } from './tridiagonalise';
import { turnBack, turnBackBytes } from './turnBack';

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
  return eigenInRoom(matrix, n, createEigenRoom(n));
}

/** Memory to compute in, for one matrix after another. */
export interface EigenRoom {
  readonly heap: Heap;
}

/** @param largest n of the largest matrix */
export function createEigenRoom(largest: number): EigenRoom {
  return { heap: createHeap(roomBytes(largest)) };
}

/** Whether matrices of this size fit. */
export function fitsInRoom(room: EigenRoom, n: number): boolean {
  return roomBytes(n) <= room.heap.bytes;
}

function roomBytes(n: number): number {
  const stride = rowStride(n);
  return (
    heapBytes(paddedRows(n) * stride * 8) +
    heapBytes(n * stride * 8) +
    tridiagonaliseBytes(n) +
    tridiagonalEigenBytes(n) +
    turnBackBytes(n) +
    multiplierBytes('float64')
  );
}

/** As `symmetricEigen`, in given memory: the same bits. The room is free again afterwards. */
export function eigenInRoom(matrix: Float64Array | Float32Array, n: number, { heap }: EigenRoom): Eigen {
  if (!Number.isInteger(n) || n < 0 || matrix.length !== n * n)
    throw internalError(`a matrix of ${matrix.length} elements is not ${n} x ${n}`);
  const scale = largestElement(matrix, n);
  if (n === 0 || scale === 0) return zeroMatrix(n);
  // By a power of two, so that squares neither overflow nor vanish and nothing is rounded.
  const unit = 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(scale))));
  const stride = rowStride(n);
  heap.clear();
  const products = createMultiplier(heap, 'float64');
  const a = heap.float64(paddedRows(n) * stride);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a.view[i * stride + j] = matrix[i * n + j]! * unit;
  const { diagonal, beside, factors } = tridiagonalise(heap, a, n, products);
  const z = heap.float64(n * stride);
  tridiagonalEigen(heap, diagonal, beside, z, stride, products);
  turnBack(heap, z, a.view, factors, stride, products);
  const vectors = new Float64Array(n * n);
  for (let k = 0; k < n; k++) vectors.set(z.view.subarray(k * stride, k * stride + n), k * n);
  return { values: diagonal.map((value) => value / unit), vectors };
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
