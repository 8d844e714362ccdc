import { internalError } from '../../protocol/errors';
import { createMemory, type WasmMemory } from '../wasm/encode';
import { groupQueries, groupRows, halfUnit, type IndexElement, indexBytes, stepElements } from './scanKernel';

/** A range of columns, for example those of one parameter. */
export interface Segment {
  readonly first: number;
  readonly columns: number;
}

/** Most segments of one call. */
export const mostSegments = 1024;
/** Rows whose sums are gathered at a time. */
export const blockRows = 16;

/** Where things lie in the memory of a part, in bytes. */
export interface PartLayout {
  readonly element: IndexElement;
  readonly width: number;
  readonly rows: number;
  readonly threads: number;
  /** Queries that fit at a time. */
  readonly queries: number;
  readonly data: number;
  readonly scales: number;
  readonly masks: number;
  readonly queryArea: number;
  readonly sums: number;
  readonly scratch: number;
  readonly bytes: number;
}

/** Consecutive rows of an index in one memory, with room to compute. */
export interface IndexPart {
  readonly memory: WasmMemory;
  readonly layout: PartLayout;
}

/** Bytes that one thread notes things in: sums of a block for four queries, coefficients of a group. */
const scratchBytes = blockRows * groupQueries * 8 + groupRows * 8;

/** Elements that segments take at most, each filled up to whole steps. */
export function paddedWidth(width: number): number {
  return Math.ceil(width / stepElements) * stepElements + mostSegments * stepElements;
}

/** Queries beside each other: many share one reading of the rows, as long as they stay in the cache. */
function queriesAtOnce(width: number): number {
  return Math.max(4, Math.min(32, 4 * Math.floor(2 ** 18 / width)));
}

export function planPart(element: IndexElement, width: number, rows: number, threads: number): PartLayout {
  const padded = paddedWidth(width);
  const queries = queriesAtOnce(width);
  let next = 0;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 64) * 64 + 64;
    return at;
  };
  return {
    element,
    width,
    rows,
    threads,
    queries,
    data: take(rows * width * indexBytes[element]),
    scales: take(rows * 4),
    masks: take(stepElements * 32),
    queryArea: take(queries * padded * 4),
    sums: take(padded * 8),
    scratch: take(threads * (Math.ceil(scratchBytes / 64) * 64)),
    bytes: next + 64,
  };
}

export function createPart(layout: PartLayout): IndexPart {
  const memory = createMemory(layout.bytes, 'shared');
  // Mask m keeps the first m elements of a step.
  const size = indexBytes[layout.element];
  for (let kept = 0; kept < stepElements; kept++)
    new Uint8Array(memory.buffer, layout.masks + kept * 32, kept * size).fill(0xff);
  new Float32Array(memory.buffer, layout.scales, layout.rows).fill(1);
  return { memory, layout };
}

/** Address of the mask for what is left after whole steps, zero where nothing is. */
export function maskAddress(layout: PartLayout, columns: number): number {
  const left = columns % stepElements;
  return left === 0 ? 0 : layout.masks + left * 32;
}

export function scratchAddress(layout: PartLayout, thread: number): number {
  return layout.scratch + thread * Math.ceil(scratchBytes / 64) * 64;
}

/** A segment's place among all, each filled up to whole steps. */
export interface PlacedSegment extends Segment {
  readonly start: number;
}

/** @throws internal error for segments outside the row, or too many */
export function placeSegments(segments: readonly Segment[], width: number): readonly PlacedSegment[] {
  if (segments.length > mostSegments) throw internalError(`${segments.length} segments are more than ${mostSegments}`);
  let start = 0;
  const placed = segments.map(({ first, columns }) => {
    if (
      !(Number.isInteger(first) && Number.isInteger(columns) && first >= 0 && columns >= 0 && first + columns <= width)
    )
      throw internalError(`columns ${first} to ${first + columns} are not within ${width}`);
    const here = start;
    start += Math.ceil(columns / stepElements) * stepElements;
    return { first, columns, start: here };
  });
  if (start > paddedWidth(width)) throw internalError('segments overlap');
  return placed;
}

/** What sums over the stored bits are multiplied by to be sums over the numbers. */
export function bitUnit(layout: PartLayout): number {
  return halfUnit[layout.element];
}
