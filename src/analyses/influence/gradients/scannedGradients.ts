import { decodeHalfRows } from '../../../store/halfRows';
import type { VectorIndex } from '../../../store/openVectorIndex';
import { createScanner, type Scanner } from '../../../workers/createScanner';
import type { Columns } from './columns';
import type { GradientMatrix } from './gradientMatrix';

/** Values that are read at a time while a scanner is filled, and that a block of `forEachBlock` holds. */
const chunkValues = 2 ** 24;

/** A matrix that is released when it is no longer used. */
export interface ScannedGradients extends GradientMatrix {
  release(): Promise<void>;
}

/** Bytes that a scanner of these rows holds. */
export function scannerBytes(index: VectorIndex, rows: number): number {
  return rows * index.width * (index.description.element === 'float16' ? 2 : 4);
}

/** Rows of an index in shared memory, scanned by worker threads. */
export async function scannedGradients(
  index: VectorIndex,
  hashes: readonly string[],
  columns: Columns,
  threads: number,
): Promise<ScannedGradients> {
  const { width } = columns;
  const scanner = createScanner({ rows: hashes.length, width, element: index.description.element, threads });
  const chunk = Math.max(1, Math.floor(chunkValues / width));
  for (const part of scanner.parts) {
    for (let at = 0; at < part.rows; at += chunk) {
      const first = part.firstRow + at;
      const { data, rowScales } = await index.load(hashes.slice(first, first + Math.min(chunk, part.rows - at)));
      part.data.set(data, at * width);
      part.scales.set(rowScales, at);
    }
  }
  return {
    columns,
    rows: hashes.length,
    scan: (queries, count) => scanner.scan(queries, count),
    forEachBlock: (visit) => visitBlocks(scanner, width, visit),
    release: () => scanner.release(),
  };
}

/** Blocks small enough to stay in a core's cache together with what is done to them. */
const blockRows = 16;

async function visitBlocks(
  scanner: Scanner,
  width: number,
  visit: (first: number, rows: number, values: Float32Array) => void | Promise<void>,
): Promise<void> {
  const values = new Float32Array(blockRows * width);
  for (const { firstRow, rows, data, scales } of scanner.parts) {
    for (let at = 0; at < rows; at += blockRows) {
      const count = Math.min(blockRows, rows - at);
      if (data instanceof Uint16Array) decodeHalfRows(data, scales, width, at, count, values);
      else values.set(data.subarray(at * width, (at + count) * width));
      await visit(firstRow + at, count, values.subarray(0, count * width));
    }
  }
}
