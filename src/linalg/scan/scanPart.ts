/**
 * scan/ computes on a stored index: many rows in shared memory, in halves or floats, each with a scale. These are the
 * loops of one thread over its rows (or columns); `workers/createScanner` hands them out. A result never depends on who
 * computed it.
 */
import { bitUnit, blockRows, type IndexPart, maskAddress, type PlacedSegment, scratchAddress } from './indexPart';
import { groupQueries, groupRows, indexBytes, scanKernels, stepElements } from './scanKernel';

/** Columns summed in float32 before they are added in double precision. */
const chunkColumns = 4096;

/** Columns whose sums stay in the first-level cache while all rows pass by. */
const sumsColumns = 2048;

/** Rows [from, to) of a part. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Scores of packed queries (`packQueries`): result[query][segment][firstRow + row] = scale[row] sum_j row[j] query[j].
 *
 * @param result [queries, segments, allRows], of which the rows of this range are written
 */
export function scanRows(
  part: IndexPart,
  thread: number,
  range: RowRange,
  segments: readonly PlacedSegment[],
  packed: { readonly count: number; readonly elements: number; readonly units: Float64Array },
  result: {
    readonly data: Float32Array;
    readonly firstRow: number;
    readonly allRows: number;
    readonly firstQuery: number;
  },
): void {
  const { memory, layout } = part;
  const kernels = scanKernels(memory);
  const size = indexBytes[layout.element];
  const stride = layout.width * size;
  const scratch = scratchAddress(layout, thread);
  const sums = new Float64Array(memory.buffer, scratch, blockRows * groupQueries);
  const scales = new Float32Array(memory.buffer, layout.scales, layout.rows);
  const grouped = Math.floor(packed.count / groupQueries) * groupQueries;
  for (let row = range.from; row < range.to; row += blockRows) {
    const rows = Math.min(blockRows, range.to - row);
    for (let q = 0; q < packed.count; ) {
      const group = q < grouped ? groupQueries : 1;
      const dot = kernels[`${layout.element}Dot${group}`];
      for (const [s, segment] of segments.entries()) {
        sums.fill(0);
        for (let done = 0; done < segment.columns; done += chunkColumns) {
          const columns = Math.min(chunkColumns, segment.columns - done);
          const data = layout.data + row * stride + (segment.first + done) * size;
          const query = layout.queryArea + (q * packed.elements + (segment.start + done) * group) * 4;
          dot(data, stride, rows, query, Math.floor(columns / stepElements), maskAddress(layout, columns), scratch);
        }
        for (let lane = 0; lane < group; lane++) {
          const to = ((result.firstQuery + q + lane) * segments.length + s) * result.allRows + result.firstRow + row;
          for (let r = 0; r < rows; r++)
            result.data[to + r] = (sums[r * group + lane]! * scales[row + r]!) / packed.units[q + lane]!;
        }
      }
      q += group;
    }
  }
}

/**
 * Squared lengths: result[segment][firstRow + row] = scale[row]^2 sum_j row[j]^2.
 *
 * @param result [segments, allRows]
 */
export function squareRows(
  part: IndexPart,
  thread: number,
  range: RowRange,
  segments: readonly PlacedSegment[],
  result: { readonly data: Float64Array; readonly firstRow: number; readonly allRows: number },
): void {
  const { memory, layout } = part;
  const squares = scanKernels(memory)[`${layout.element}Squares`];
  const size = indexBytes[layout.element];
  const stride = layout.width * size;
  const scratch = scratchAddress(layout, thread);
  const sums = new Float64Array(memory.buffer, scratch, blockRows);
  const scales = new Float32Array(memory.buffer, layout.scales, layout.rows);
  for (let row = range.from; row < range.to; row += blockRows) {
    const rows = Math.min(blockRows, range.to - row);
    for (const [s, { first, columns }] of segments.entries()) {
      sums.fill(0);
      const data = layout.data + row * stride + first * size;
      squares(data, stride, rows, Math.floor(columns / stepElements), maskAddress(layout, columns), scratch);
      for (let r = 0; r < rows; r++)
        result.data[s * result.allRows + result.firstRow + row + r] =
          sums[r]! * (scales[row + r]! * bitUnit(layout)) ** 2;
    }
  }
}

/**
 * Sums over all rows of a part, of the columns of this thread: result[start + j] = sum_i coefficients[segment][i] row_i[j]
 * with `values`, or the same of squares. Written into `result` at the segments' filled-up places, beginning with what is
 * there.
 *
 * @param share of all steps of eight columns: those of this thread
 * @param coefficients [segments, allRows] times the scales (or their squares)
 */
export function sumColumns(
  part: IndexPart,
  thread: number,
  share: { readonly from: number; readonly to: number },
  segments: readonly PlacedSegment[],
  power: 'values' | 'squares',
  coefficients: { readonly data: Float64Array; readonly firstRow: number; readonly allRows: number },
  result: Float64Array,
): void {
  const { memory, layout } = part;
  const add = scanKernels(memory)[`${layout.element}${power === 'values' ? 'Sum' : 'SumSquares'}`];
  const size = indexBytes[layout.element];
  const stride = layout.width * size;
  const factors = new Float64Array(memory.buffer, scratchAddress(layout, thread), groupRows);
  const scales = new Float32Array(memory.buffer, layout.scales, layout.rows);
  const unit = bitUnit(layout);
  const factor = (segment: number, row: number): number => {
    const scale = scales[row]! * unit;
    const coefficient = coefficients.data[segment * coefficients.allRows + coefficients.firstRow + row]!;
    return coefficient * (power === 'values' ? scale : scale * scale);
  };
  for (const [s, segment] of segments.entries()) {
    const until = Math.min(segment.columns, share.to * stepElements - segment.start);
    const begin = Math.max(0, share.from * stepElements - segment.start);
    for (let from = begin; from < until; from += sumsColumns) {
      const columns = Math.min(sumsColumns, until - from);
      const sums = new Float64Array(memory.buffer, layout.sums + (segment.start + from) * 8, columns);
      const places = result.subarray(segment.start + from, segment.start + from + columns);
      sums.set(places);
      const steps = Math.floor(columns / stepElements);
      const mask = maskAddress(layout, columns);
      const data = layout.data + (segment.first + from) * size;
      let row = 0;
      for (; row + groupRows <= layout.rows; row += groupRows) {
        for (let r = 0; r < groupRows; r++) factors[r] = factor(s, row + r);
        add(data + row * stride, stride, factors.byteOffset, steps, mask, sums.byteOffset);
      }
      for (; row < layout.rows; row++) {
        // One row at a time: the same row four times, of which one counts.
        factors.fill(0);
        factors[0] = factor(s, row);
        add(data + row * stride, 0, factors.byteOffset, steps, mask, sums.byteOffset);
      }
      places.set(sums);
    }
  }
}
