/**
 * products/ multiplies dense matrices on the host, four numbers at a time: for Gram matrices, projections and
 * factorisations. What a model computes belongs in a graph, not here.
 */
import { type Heap, heapBytes, type Place } from '../wasm/heap';
import { type Element, elementBytes, tileColumns, tileKernels, tileRows } from './tileKernel';

export type FloatArray = Float32Array | Float64Array;

/** A matrix as it lies in an array: element (i, j) is at `offset + i rowStride + j columnStride`. */
export interface MatrixView {
  readonly data: FloatArray;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A matrix in the heap, row by row: what products are added to. */
export interface Target {
  readonly place: Place<FloatArray>;
  readonly offset: number;
  readonly rowStride: number;
}

export interface Multiplier {
  /**
   * C[m, n] += factor A[m, k] B[k, n]. The order of every sum depends on the sizes alone. A and B may lie in the same
   * array as C where they do not overlap.
   *
   * @param part `lower`: only elements with column <= row are sure to be computed, others hold anything
   */
  addProduct(
    c: Target,
    a: MatrixView,
    b: MatrixView,
    sizes: { readonly m: number; readonly n: number; readonly k: number },
    factor: number,
    part: 'full' | 'lower',
  ): void;
}

/** Depth, rows and columns packed at a time; columns that stay in a core's second-level cache meanwhile. */
const depthBlock = 256;
const sideBlock = 1024;
const cachedColumns = 256;

/** Heap bytes that a multiplier takes. */
export function multiplierBytes(element: Element): number {
  const size = elementBytes[element];
  return 2 * heapBytes(depthBlock * sideBlock * size) + heapBytes(tileRows * sideBlock * size);
}

/** Products with elements of one type; operands of either type are converted when packed. */
export function createMultiplier(heap: Heap, element: Element): Multiplier {
  const tiles = tileKernels(heap.memory)[element];
  const size = elementBytes[element];
  const width = tileColumns[element];
  const take = (length: number): Place<FloatArray> =>
    element === 'float32' ? heap.float32(length) : heap.float64(length);
  const packedA = take(depthBlock * sideBlock);
  const packedB = take(depthBlock * sideBlock);
  const edge = take(tileRows * sideBlock);

  /** Tiles of four rows [i, i + rows) and the packed columns [j, j + columns) of the block, added to C at `start`. */
  const addTiles = (c: Target, start: number, at: [number, number, number], rows: number, columns: number): void => {
    const [i, j, depth] = at;
    const whole = rows === tileRows ? Math.floor(columns / width) : 0;
    const a = packedA.pointer + i * depth * size;
    const b = packedB.pointer + j * depth * size;
    if (whole > 0) tiles(a, b, depth, c.place.pointer + start * size, c.rowStride * size, whole);
    const first = whole * width;
    if (first === columns) return;
    // What sticks out over the edge of C is computed beside it.
    const rest = columns - first;
    const count = Math.ceil(rest / width);
    const stride = count * width;
    edge.view.fill(0, 0, tileRows * stride);
    tiles(a, b + first * depth * size, depth, edge.pointer, stride * size, count);
    const target = c.place.view;
    for (let r = 0; r < rows; r++) {
      const to = start + r * c.rowStride + first;
      for (let q = 0; q < rest; q++) target[to + q] = target[to + q]! + edge.view[r * stride + q]!;
    }
  };

  return {
    addProduct: (c, a, b, { m, n, k }, factor, part) => {
      for (let p = 0; p < k; p += depthBlock) {
        const depth = Math.min(depthBlock, k - p);
        for (let jb = 0; jb < n; jb += sideBlock) {
          const columns = Math.min(sideBlock, n - jb);
          const fromB = { ...b, offset: b.offset + p * b.rowStride + jb * b.columnStride };
          pack(
            packedB.view,
            { ...fromB, rowStride: b.columnStride, columnStride: b.rowStride },
            columns,
            depth,
            width,
            1,
          );
          for (let ib = 0; ib < m; ib += sideBlock) {
            const rows = Math.min(sideBlock, m - ib);
            if (part === 'lower' && ib + rows <= jb) continue;
            const fromA = { ...a, offset: a.offset + ib * a.rowStride + p * a.columnStride };
            pack(packedA.view, fromA, rows, depth, tileRows, factor);
            for (let j = 0; j < columns; j += cachedColumns) {
              for (let i = 0; i < rows; i += tileRows) {
                const until = part === 'full' ? columns : lowerColumns(ib + i - jb, columns, width);
                const here = Math.min(cachedColumns, until - j);
                if (here <= 0) continue;
                const start = c.offset + (ib + i) * c.rowStride + jb + j;
                addTiles(c, start, [i, j, depth], Math.min(tileRows, rows - i), here);
              }
            }
          }
        }
      }
    },
  };
}

/** Columns of whole tiles that reach the diagonal in four rows from `row` on. */
function lowerColumns(row: number, columns: number, width: number): number {
  return Math.min(columns, Math.ceil((row + tileRows) / width) * width);
}

/**
 * Rows of a matrix in groups of `group`: of each group all first elements, then all second ones. Missing rows of the
 * last group are zeros.
 */
function pack(
  target: FloatArray,
  source: MatrixView,
  rows: number,
  depth: number,
  group: number,
  factor: number,
): void {
  const { data, offset, rowStride, columnStride } = source;
  for (let first = 0; first < rows; first += group) {
    const present = Math.min(group, rows - first);
    const to = first * depth;
    if (present < group) target.fill(0, to, to + group * depth);
    for (let r = 0; r < present; r++) {
      let from = offset + (first + r) * rowStride;
      for (let q = to + r; q < to + group * depth; q += group) {
        target[q] = data[from]! * factor;
        from += columnStride;
      }
    }
  }
}
