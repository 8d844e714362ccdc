import {
  createPart,
  type IndexPart,
  mostSegments,
  placeSegments,
  planPart,
  type Segment,
} from '../linalg/scan/indexPart';
import { packQueries } from '../linalg/scan/packQueries';
import { type IndexElement, indexBytes, stepElements } from '../linalg/scan/scanKernel';
import { internalError } from '../protocol/errors';
import { createWorkerPool } from './createWorkerPool';
import type { PartRange } from './tasks';

export interface ScannerOptions {
  readonly rows: number;
  /** Elements of a row. */
  readonly width: number;
  readonly element: IndexElement;
  readonly threads: number;
}

/** Consecutive rows, to be filled (for example by reading a file into them) before the first scan. */
export interface ScannerPart {
  readonly firstRow: number;
  readonly rows: number;
  /** [rows, width], bits of halves or floats. */
  readonly data: Uint16Array | Float32Array;
  /** [rows], what each row is multiplied by; 1 at first. */
  readonly scales: Float32Array;
}

/**
 * A stored index in shared memory. Halves must be finite, and best use their range (a row's largest element at 2^8 or
 * more), so that few are subnormal. Calls wait for each other.
 */
export interface Scanner {
  readonly parts: readonly ScannerPart[];
  /**
   * @param queries [count, width]
   * @returns [count, rows], scale[row] sum_j row[j] query[j]
   * @throws UserError `query-not-finite`
   */
  scan(queries: Float32Array, count: number): Promise<Float32Array>;
  /** As `scan`, each range of columns by itself. @returns [count, segments, rows] */
  scanSegments(queries: Float32Array, count: number, segments: readonly Segment[]): Promise<Float32Array>;
  /** @returns [rows], lengths of the scaled rows */
  norms(): Promise<Float32Array>;
  /** @returns [segments, rows], squared lengths of the scaled rows */
  segmentSquares(segments: readonly Segment[]): Promise<Float64Array>;
  /**
   * @param coefficients [rows]
   * @returns [width], sum_i coefficients[i] row_i
   */
  weightedSum(coefficients: Float32Array | Float64Array): Promise<Float32Array>;
  /** As `weightedSum`, each range of columns with its own coefficients [segments, rows]; columns of none are 0. */
  weightedSegmentSum(coefficients: Float64Array, segments: readonly Segment[]): Promise<Float32Array>;
  /** @returns [width], mean over the rows of each column's square; the mean of a segment is the mean of its columns */
  columnMeanSquares(): Promise<Float64Array>;
  /** Ends the threads and lets go of the memory. */
  release(): Promise<void>;
}

/** Rows, scales and room to compute of one memory stay below this. */
const largestPart = 2 ** 31 - 2 ** 20;

/** Most memories of one index. */
const mostParts = 256;

/** Makes room for an index and starts its threads. Results have the same bits for every number of threads. */
export function createScanner({ rows, width, element, threads }: ScannerOptions): Scanner {
  if (!(Number.isInteger(rows) && rows >= 0 && Number.isInteger(width) && width > 0))
    throw internalError(`an index of ${rows} rows of ${width}`);
  const perPart = rowsOfPart(element, width, threads);
  if (Math.ceil(rows / perPart) > mostParts) throw internalError(`an index of ${rows} rows of ${width} is too large`);
  const owned: { part: IndexPart; firstRow: number; rows: number }[] = [];
  for (let firstRow = 0; firstRow < rows; firstRow += perPart) {
    const here = Math.min(perPart, rows - firstRow);
    owned.push({ part: createPart(planPart(element, width, here, threads)), firstRow, rows: here });
  }
  const pool = createWorkerPool(threads);
  const whole: readonly Segment[] = [{ first: 0, columns: width }];
  let last: Promise<unknown> = Promise.resolve();
  /** Kernels share the room to compute: one call at a time. */
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const result = last.then(call);
    last = result.catch(() => undefined);
    return result;
  };
  const everyThread = async (work: (thread: number) => Promise<undefined>): Promise<void> => {
    await Promise.all(Array.from({ length: threads }, (_, thread) => work(thread)));
  };
  /** Rows of a thread: an equal share of all. */
  const rangesOf = (thread: number): PartRange[] => {
    const from = Math.floor((rows * thread) / threads);
    const to = Math.floor((rows * (thread + 1)) / threads);
    return owned
      .map(({ part, firstRow, rows: here }) => ({
        part,
        firstRow,
        range: { from: Math.max(0, from - firstRow), to: Math.min(here, to - firstRow) },
      }))
      .filter(({ range }) => range.from < range.to);
  };

  const scanSegments = async (
    queries: Float32Array,
    count: number,
    segments: readonly Segment[],
  ): Promise<Float32Array> => {
    if (queries.length !== count * width)
      throw internalError(`${queries.length} elements are not [${count}, ${width}]`);
    const { placed, elements } = place(segments, width);
    const result = new Float32Array(new SharedArrayBuffer(count * segments.length * rows * 4));
    const atOnce = owned[0]?.part.layout.queries ?? count;
    for (let first = 0; first < count; first += atOnce) {
      const here = Math.min(atOnce, count - first);
      const some = queries.subarray(first * width, (first + here) * width);
      const units = owned.map(({ part }) => packQueries(part, some, here, placed, elements))[0];
      if (units === undefined) break;
      const packed = { count: here, elements, units };
      await everyThread((thread) =>
        pool.run(
          'scan',
          { ranges: rangesOf(thread), thread, segments: placed, packed, result, allRows: rows, firstQuery: first },
          [],
        ),
      );
    }
    return result;
  };
  const segmentSquares = async (segments: readonly Segment[]): Promise<Float64Array> => {
    const { placed } = place(segments, width);
    const result = new Float64Array(new SharedArrayBuffer(segments.length * rows * 8));
    await everyThread((thread) =>
      pool.run('squares', { ranges: rangesOf(thread), thread, segments: placed, result, allRows: rows }, []),
    );
    return result;
  };
  /** @param coefficients [segments, rows] */
  const sum = async (
    coefficients: Float64Array,
    segments: readonly Segment[],
    power: 'values' | 'squares',
  ): Promise<Float64Array> => {
    if (coefficients.length !== segments.length * rows)
      throw internalError(`${coefficients.length} coefficients are not [${segments.length}, ${rows}]`);
    const { placed, elements } = place(segments, width);
    const sums = new Float64Array(new SharedArrayBuffer(elements * 8));
    const steps = elements / stepElements;
    const shared = new Float64Array(new SharedArrayBuffer(coefficients.length * 8));
    shared.set(coefficients);
    const ranges = owned.map(({ part, firstRow, rows: here }) => ({ part, firstRow, range: { from: 0, to: here } }));
    await everyThread((thread) => {
      const share = { from: Math.floor((steps * thread) / threads), to: Math.floor((steps * (thread + 1)) / threads) };
      const input = { ranges, thread, segments: placed, share, power, coefficients: shared, allRows: rows };
      return pool.run('sum', { ...input, result: sums }, []);
    });
    const result = new Float64Array(width);
    for (const { first, columns, start } of placed) result.set(sums.subarray(start, start + columns), first);
    return result;
  };

  return {
    parts: owned.map(({ part: { memory, layout }, firstRow, rows: here }) => ({
      firstRow,
      rows: here,
      data:
        element === 'float16'
          ? new Uint16Array(memory.buffer, layout.data, here * width)
          : new Float32Array(memory.buffer, layout.data, here * width),
      scales: new Float32Array(memory.buffer, layout.scales, here),
    })),
    scan: (queries, count) => inTurn(() => scanSegments(queries, count, whole)),
    scanSegments: (queries, count, segments) => inTurn(() => scanSegments(queries, count, segments)),
    norms: () => inTurn(async () => Float32Array.from(await segmentSquares(whole), Math.sqrt)),
    segmentSquares: (segments) => inTurn(() => segmentSquares(segments)),
    weightedSum: (coefficients) =>
      inTurn(async () => Float32Array.from(await sum(Float64Array.from(coefficients), whole, 'values'))),
    weightedSegmentSum: (coefficients, segments) =>
      inTurn(async () => Float32Array.from(await sum(coefficients, segments, 'values'))),
    columnMeanSquares: () => inTurn(() => sum(new Float64Array(rows).fill(1 / rows), whole, 'squares')),
    release: async () => {
      owned.length = 0;
      await pool.release();
    },
  };
}

function place(
  segments: readonly Segment[],
  width: number,
): { placed: ReturnType<typeof placeSegments>; elements: number } {
  const placed = placeSegments(segments, width);
  const final = placed.at(-1);
  const elements = final === undefined ? 0 : final.start + Math.ceil(final.columns / stepElements) * stepElements;
  return { placed, elements };
}

/** Rows that fit into one memory beside the room to compute. */
function rowsOfPart(element: IndexElement, width: number, threads: number): number {
  const room = largestPart - planPart(element, width, 0, threads).bytes;
  const rows = Math.floor(room / (width * indexBytes[element] + 4));
  if (rows < 1) throw internalError(`rows of ${width} elements are too wide for an index (${mostSegments} segments)`);
  return rows;
}
