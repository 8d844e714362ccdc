import { unitRows } from '../../../linalg/clustering/cosineSimilarities';
import { multiplyByTransposed } from '../../../linalg/products/multiplyMatrices';
import type { KindSpace } from '../kinds/kindSpace';
import type { Estimate } from './estimate';

/** Rows that a query is moved towards before all rows are compared with it. */
const neighbours = 5;

/**
 * score = cosine, in the space of kinds, of the row and the query moved half way to the mean of the rows most like it
 * (Rocchio's feedback, without a user): one odd wording then says less than the kind that it is of.
 *
 * @param queryStates [queries, width] as of rows; they are overwritten
 */
export function repSim(space: KindSpace, queryStates: Float32Array): Estimate {
  const { rows, width } = space;
  const sizes = { m: queryStates.length / width, n: rows.length / width, k: width };
  const queries = space.place(queryStates);
  const alike = multiplyByTransposed(queries, rows, sizes);
  for (let q = 0; q < sizes.m; q++) {
    const query = queries.subarray(q * width, (q + 1) * width);
    moveTowards(query, nearest(alike.subarray(q * sizes.n, (q + 1) * sizes.n)), space);
  }
  const moved = unitRows({ values: queries, rows: sizes.m, columns: width });
  return { scores: multiplyByTransposed(moved, rows, sizes), directions: undefined };
}

/** Numbers of the rows that are most like a query; of equal ones the first. */
function nearest(alike: Float32Array): number[] {
  const best: number[] = [];
  for (const [row, value] of alike.entries()) {
    let at = best.length;
    while (at > 0 && alike[best[at - 1]!]! < value) at--;
    if (at < neighbours) best.splice(at, 0, row);
    if (best.length > neighbours) best.pop();
  }
  return best;
}

function moveTowards(query: Float32Array, chosen: readonly number[], { rows, width }: KindSpace): void {
  for (const row of chosen) {
    for (let i = 0; i < width; i++) query[i]! += rows[row * width + i]! / chosen.length;
  }
}
