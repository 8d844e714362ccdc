import { internalError } from '../../protocol/errors';
import { createRandom, type Random } from '../random';
import { unitRows, type VectorTable } from './cosineSimilarities';
import { nearestCentre } from './nearestCentre';
import { numberedGroups } from './unionFind';

export interface SphericalKMeansSettings {
  readonly clusters: number;
  /** Most rounds; it stops earlier when no row changes its group. */
  readonly rounds: number;
  readonly seed: number;
}

/**
 * k-means by cosine (Dhillon and Modha 2001) from k-means++ starts (Arthur and Vassilvitskii 2007): for many rows,
 * where a matrix of all pairs would not fit. Time and memory are linear in rows.
 */
export function sphericalKMeans(table: VectorTable, { clusters, rounds, seed }: SphericalKMeansSettings): Int32Array {
  const { rows, columns } = table;
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > rows)
    throw internalError(`${clusters} clusters of ${rows} rows`);
  const unit: VectorTable = { rows, columns, values: unitRows(table) };
  let centres: VectorTable = {
    rows: clusters,
    columns,
    values: firstCentres(unit, clusters, createRandom(seed, 'k-means')),
  };
  let groups: Int32Array = new Int32Array(rows).fill(-1);
  for (let round = 0; round < rounds; round++) {
    const next = nearestCentre(unit, centres, Number.NEGATIVE_INFINITY);
    const same = next.every((group, i) => group === groups[i]);
    groups = next;
    if (same) break;
    centres = meanDirections(unit, groups, centres);
  }
  return numberedGroups(groups);
}

/** Rows drawn one by one, each with a chance in proportion to its distance (1 - cosine) from those drawn before. */
function firstCentres({ values, rows, columns }: VectorTable, clusters: number, random: Random): Float32Array {
  const centres = new Float32Array(clusters * columns);
  const distance = new Float64Array(rows).fill(1);
  for (let k = 0; k < clusters; k++) {
    const total = distance.reduce((sum, value) => sum + value, 0);
    let left = random.uniform() * total;
    let drawn = total > 0 ? -1 : random.integer(rows);
    for (let i = 0; drawn < 0; i++) {
      left -= distance[i]!;
      if (left < 0 || i === rows - 1) drawn = i;
    }
    const centre = values.subarray(drawn * columns, (drawn + 1) * columns);
    centres.set(centre, k * columns);
    for (let i = 0; i < rows; i++) {
      let cosine = 0;
      for (let c = 0; c < columns; c++) cosine += centre[c]! * values[i * columns + c]!;
      const away = Math.max(0, 1 - cosine);
      distance[i] = k === 0 ? away : Math.min(distance[i]!, away);
    }
  }
  return centres;
}

/** The mean direction of each group; a group that lost all its rows keeps its centre. */
function meanDirections(unit: VectorTable, groups: Int32Array, before: VectorTable): VectorTable {
  const { columns } = unit;
  const sums = new Float32Array(before.values.length);
  for (let i = 0; i < unit.rows; i++) {
    const at = groups[i]! * columns;
    for (let c = 0; c < columns; c++) sums[at + c] = sums[at + c]! + unit.values[i * columns + c]!;
  }
  const values = unitRows({ rows: before.rows, columns, values: sums });
  for (let k = 0; k < before.rows; k++) {
    const centre = values.subarray(k * columns, (k + 1) * columns);
    if (centre.every((value) => value === 0)) centre.set(before.values.subarray(k * columns, (k + 1) * columns));
  }
  return { rows: before.rows, columns, values };
}
