import { internalError } from '../../protocol/errors';
import { groupAgreement } from '../influence/kinds/groupAgreement';

/**
 * What scores predict of leaving rows out: the sum of the scores of those rows. Above 0 the query's measurement falls.
 *
 * @param scores [queries, rows]
 * @param drops places of rows (columns of `scores`), one list a drop
 * @returns one [drops] a query
 */
export function predictChanges(
  scores: Float32Array,
  rows: number,
  drops: readonly (readonly number[])[],
): Float64Array[] {
  if (rows < 1 || scores.length % rows !== 0) throw internalError(`${scores.length} scores of ${rows} rows`);
  return Array.from({ length: scores.length / rows }, (_, query) =>
    Float64Array.from(drops, (drop) => sumOf(scores.subarray(query * rows, (query + 1) * rows), drop)),
  );
}

/** The predicted change of one query. @param scores [rows] */
export function sumOf(scores: Float32Array, rows: readonly number[]): number {
  let sum = 0;
  for (const row of rows) {
    const score = scores[row];
    if (score === undefined) throw internalError(`no score of row ${row}`);
    sum += score;
  }
  return sum;
}

/** The `count` rows with the highest scores, best first; equal scores in the order of rows. */
export function topRows(scores: Float32Array, count: number): number[] {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.slice(0, count);
}

/**
 * The rows of the group that a trace lists first, ascending: the one on which cause and kind agree most.
 *
 * @param scores [rows]; -Infinity for a row that cannot go, which is then left out of its group
 * @param kinds [rows] likeness to the query
 * @param groups [rows] the group of each row
 */
export function topGroup(scores: Float32Array, kinds: Float32Array, groups: Int32Array): number[] {
  const agreement = groupAgreement(scores, kinds, groups);
  const removable = [...scores.keys()].filter((row) => scores[row]! > Number.NEGATIVE_INFINITY);
  if (removable.length === 0) return [];
  const best = removable.reduce((first, row) => (agreement[groups[row]!]! > agreement[groups[first]!]! ? row : first));
  return removable.filter((row) => groups[row] === groups[best]);
}
