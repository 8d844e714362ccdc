import { inputError } from '../../protocol/errors';
import { bitUnit, type IndexPart, type PlacedSegment } from './indexPart';
import { groupQueries, stepElements } from './scanKernel';

/**
 * Writes queries where the kernels read them: groups of four interleaved, then single ones, each brought to a size of
 * one to two (times the unit of half bits), so that no product of small numbers vanishes.
 *
 * @param queries [count, width], count at most `layout.queries`
 * @param elements of a query over all segments, filled up
 * @returns [count], what a sum over a packed query is divided by
 * @throws UserError `query-not-finite`
 */
export function packQueries(
  part: IndexPart,
  queries: Float32Array,
  count: number,
  segments: readonly PlacedSegment[],
  elements: number,
): Float64Array {
  const { memory, layout } = part;
  const area = new Float32Array(memory.buffer, layout.queryArea, count * elements);
  area.fill(0);
  const units = new Float64Array(count);
  const grouped = Math.floor(count / groupQueries) * groupQueries;
  for (let q = 0; q < count; q++) {
    const query = queries.subarray(q * layout.width, (q + 1) * layout.width);
    const unit = unitOf(query, q);
    units[q] = unit;
    const factor = unit * bitUnit(layout);
    const [base, group, lane] =
      q < grouped ? [(q - (q % groupQueries)) * elements, groupQueries, q % groupQueries] : [q * elements, 1, 0];
    for (const { first, columns, start } of segments) {
      for (let j = 0; j < columns; j++) {
        const at = start + j;
        const step = at - (at % stepElements);
        area[base + step * group + lane * stepElements + (at % stepElements)] = query[first + j]! * factor;
      }
    }
  }
  return units;
}

/** The power of two that brings the largest element to between one and two. */
function unitOf(query: Float32Array, q: number): number {
  let largest = 0;
  for (let j = 0; j < query.length; j++) {
    const size = Math.abs(query[j]!);
    if (!(size < Number.POSITIVE_INFINITY))
      throw inputError(
        'query-not-finite',
        `Element ${j} of the gradient of query ${q + 1} is ${query[j]}.`,
        'Choose a query whose loss is finite.',
      );
    if (size > largest) largest = size;
  }
  return largest === 0 ? 1 : 2 ** -Math.floor(Math.log2(largest));
}
