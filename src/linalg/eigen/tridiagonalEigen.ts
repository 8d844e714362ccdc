import type { Multiplier } from '../products/multiply';
import { type Heap, heapBytes, type Place } from '../wasm/heap';
import { implicitQl } from './implicitQl';
import { secularRoot } from './secularRoot';

/** Parts of at most so many rows are solved directly. */
const smallPart = 24;

/** Symbols: T = tridiagonal matrix, Z = its eigenvectors (row k is vector k), U = eigenvectors of D + rho z z^T. */
interface Problem {
  /** Diagonal of T; becomes the eigenvalues, ascending within each solved part. */
  readonly d: Float64Array;
  /** Element i couples rows i and i + 1. */
  readonly e: Float64Array;
  readonly z: Place<Float64Array>;
  readonly stride: number;
  readonly products: Multiplier;
  /** Room for a product, n x n. */
  readonly room: Place<Float64Array>;
  readonly rotated: Float64Array;
  readonly gathered: Float64Array;
  readonly norm: number;
}

/** Heap bytes that `tridiagonalEigen` takes. */
export function tridiagonalEigenBytes(n: number): number {
  return 3 * heapBytes(n * n * 8);
}

/**
 * Eigenvalues and vectors of a symmetric tridiagonal matrix by Cuppen's divide and conquer, with the deflation of
 * LAPACK's dlaed2 and vectors from recomputed weights (Gu and Eisenstat, 1995), which are orthogonal however close the
 * eigenvalues. Nearly all of its work is products of matrices.
 *
 * @param d [n], diagonal; becomes the eigenvalues, ascending
 * @param e [n], element i couples i and i + 1; destroyed
 * @param z [n, stride]; row k becomes the vector of value k
 */
export function tridiagonalEigen(
  heap: Heap,
  d: Float64Array,
  e: Float64Array,
  z: Place<Float64Array>,
  stride: number,
  products: Multiplier,
): void {
  const n = d.length;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]!) + Math.abs(e[i]!));
  const room = heap.float64(n * n);
  const rotated = heap.float64(n * n).view;
  const gathered = heap.float64(n * n).view;
  z.view.fill(0);
  solve({ d, e, z, stride, products, room, rotated, gathered, norm }, 0, n);
}

function solve(problem: Problem, from: number, to: number): void {
  if (to - from <= smallPart) {
    solveSmall(problem, from, to);
    return;
  }
  const { d, e } = problem;
  const middle = (from + to) >> 1;
  const coupling = e[middle - 1]!;
  const rho = Math.abs(coupling);
  d[middle - 1] = d[middle - 1]! - rho;
  d[middle] = d[middle]! - rho;
  solve(problem, from, middle);
  solve(problem, middle, to);
  merge(problem, from, middle, to, coupling);
}

function solveSmall({ d, e, z, stride, norm }: Problem, from: number, to: number): void {
  const size = to - from;
  for (let i = from; i < to; i++) z.view[i * stride + i] = 1;
  const beside = e.slice(from, to);
  beside[size - 1] = 0;
  const vectors = { data: z.view, offset: from * stride + from, stride, columns: size };
  implicitQl(d.subarray(from, to), beside, vectors, norm);
  reorder(
    z.view,
    stride,
    from,
    to,
    [...beside.keys()].map((i) => from + i).sort((a, b) => d[a]! - d[b]! || a - b),
    d,
  );
}

/** Rows (and values) [from, to) in another order. */
function reorder(
  rows: Float64Array,
  stride: number,
  from: number,
  to: number,
  order: readonly number[],
  values: Float64Array,
): void {
  const size = to - from;
  const copy = new Float64Array(size * size);
  const sorted = Float64Array.from(order, (row) => values[row]!);
  for (const [i, row] of order.entries()) copy.set(rows.subarray(row * stride + from, row * stride + to), i * size);
  for (let i = 0; i < size; i++) rows.set(copy.subarray(i * size, (i + 1) * size), (from + i) * stride + from);
  values.set(sorted, from);
}

/** Where a row of Z is not zero: `both` after two rows of different halves were rotated. */
type Support = 'first' | 'both' | 'second';

/** What is left of D + rho z z^T once all that is an eigenvector already has been set aside. */
interface Deflated {
  /** Rows in the order of their poles. */
  readonly kept: number[];
  readonly aside: number[];
  readonly support: Support[];
}

/** Joins two solved halves: T = diag(T1, T2) + rho u u^T. */
function merge(problem: Problem, from: number, middle: number, to: number, coupling: number): void {
  const { d, z, stride, room, gathered, rotated, products } = problem;
  const size = to - from;
  const weights = new Float64Array(size);
  const sign = coupling < 0 ? -1 : 1;
  for (let i = from; i < to; i++)
    weights[i - from] =
      (i < middle ? z.view[i * stride + middle - 1]! : sign * z.view[i * stride + middle]!) * Math.SQRT1_2;
  const rho = 2 * Math.abs(coupling);
  const { kept, aside, support } = deflate(problem, from, middle, to, weights, rho);
  const count = kept.length;

  // Rows by support, so that each half of the columns is one product.
  const grouped = (['first', 'both', 'second'] as const).flatMap((kind) =>
    [...kept.keys()].filter((k) => support[kept[k]! - from] === kind),
  );
  const inFirst = grouped.filter((k) => support[kept[k]! - from] !== 'second').length;
  const beforeSecond = grouped.filter((k) => support[kept[k]! - from] === 'first').length;
  const values = rankOneVectors(
    Float64Array.from(kept, (row) => d[row]!),
    Float64Array.from(kept, (row) => weights[row - from]!),
    rho,
    grouped,
    rotated,
  );
  room.view.fill(0, 0, count * size);
  const join = (begin: number, end: number, first: number, last: number): void => {
    const columns = last - first;
    for (let g = begin; g < end; g++) {
      const row = kept[grouped[g]!]! * stride;
      gathered.set(z.view.subarray(row + first, row + last), (g - begin) * columns);
    }
    products.addProduct(
      { place: room, offset: first - from, rowStride: size },
      { data: rotated, offset: begin, rowStride: count, columnStride: 1 },
      { data: gathered, offset: 0, rowStride: columns, columnStride: 1 },
      { m: count, n: columns, k: end - begin },
      1,
      'full',
    );
  };
  join(0, inFirst, from, middle);
  join(beforeSecond, count, middle, to);

  const asideValues = Float64Array.from(aside, (row) => d[row]!);
  for (const [i, row] of aside.entries())
    room.view.set(z.view.subarray(row * stride + from, row * stride + to), (count + i) * size);
  const all = new Float64Array(size);
  all.set(values);
  all.set(asideValues, count);
  const order = [...all.keys()].sort((a, b) => all[a]! - all[b]! || a - b);
  for (const [i, row] of order.entries()) {
    d[from + i] = all[row]!;
    z.view.set(room.view.subarray(row * size, (row + 1) * size), (from + i) * stride + from);
  }
}

/** Sets aside rows whose weight is nothing, and of rows with nearly equal values one, after a rotation. */
function deflate(
  { d, z, stride }: Problem,
  from: number,
  middle: number,
  to: number,
  weights: Float64Array,
  rho: number,
): Deflated {
  const size = to - from;
  const support = Array.from({ length: size }, (_, i): Support => (from + i < middle ? 'first' : 'second'));
  const order = Array.from({ length: size }, (_, i) => from + i).sort((a, b) => d[a]! - d[b]! || a - b);
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, Math.abs(d[from + i]!), Math.abs(weights[i]!));
  const nothing = 4 * Number.EPSILON * largest;
  const kept: number[] = [];
  const aside: number[] = [];
  let previous = -1;
  for (const row of order) {
    if (rho * Math.abs(weights[row - from]!) <= nothing) {
      aside.push(row);
      continue;
    }
    if (previous >= 0) {
      const [wp, wr] = [weights[previous - from]!, weights[row - from]!];
      const length = Math.hypot(wp, wr);
      const c = wr / length;
      const s = -wp / length;
      const gap = d[row]! - d[previous]!;
      if (Math.abs(gap * c * s) <= nothing) {
        weights[row - from] = length;
        weights[previous - from] = 0;
        rotateRows(z.view, previous * stride + from, row * stride + from, size, c, s);
        const [dp, dr] = [d[previous]!, d[row]!];
        d[previous] = dp * c * c + dr * s * s;
        d[row] = dp * s * s + dr * c * c;
        if (support[row - from] !== support[previous - from]) {
          support[row - from] = 'both';
          support[previous - from] = 'both';
        }
        kept.pop();
        aside.push(previous);
      }
    }
    kept.push(row);
    previous = row;
  }
  return { kept, aside, support };
}

function rotateRows(data: Float64Array, x: number, y: number, columns: number, c: number, s: number): void {
  for (let k = 0; k < columns; k++) {
    const [a, b] = [data[x + k]!, data[y + k]!];
    data[x + k] = c * a + s * b;
    data[y + k] = c * b - s * a;
  }
}

/**
 * Eigenvalues and vectors of diag(poles) + rho w w^T.
 *
 * @param order of the elements of a vector
 * @param vectors [count, count], row k becomes vector k, its elements in this order
 * @returns the values, ascending
 */
function rankOneVectors(
  poles: Float64Array,
  weights: Float64Array,
  rho: number,
  order: readonly number[],
  vectors: Float64Array,
): Float64Array {
  const count = poles.length;
  const squares = weights.map((w) => w * w);
  const values = new Float64Array(count);
  for (let k = 0; k < count; k++)
    values[k] = secularRoot(poles, squares, count, k, 1 / rho, vectors.subarray(k * count, (k + 1) * count));
  // The weights for which these roots would be exact (Loewner): vectors made of them are orthogonal.
  const exact = new Float64Array(count).fill(1);
  for (let k = 0; k < count; k++) {
    const pole = poles[k]!;
    const row = k * count;
    for (let j = 0; j < k; j++) exact[j] = exact[j]! * (vectors[row + j]! / (poles[j]! - pole));
    exact[k] = exact[k]! * vectors[row + k]!;
    for (let j = k + 1; j < count; j++) exact[j] = exact[j]! * (vectors[row + j]! / (poles[j]! - pole));
  }
  for (let j = 0; j < count; j++) exact[j] = Math.sqrt(Math.abs(exact[j]!)) * (weights[j]! < 0 ? -1 : 1);
  const elements = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const row = k * count;
    let square = 0;
    for (let j = 0; j < count; j++) {
      const element = exact[j]! / vectors[row + j]!;
      elements[j] = element;
      square += element * element;
    }
    const unit = 1 / Math.sqrt(square);
    for (let g = 0; g < count; g++) vectors[row + g] = elements[order[g]!]! * unit;
  }
  return values;
}
