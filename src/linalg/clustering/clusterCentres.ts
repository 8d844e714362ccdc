import { unitRows, type VectorTable } from './cosineSimilarities';

/** The mean direction of each group's rows: [groups, columns], not scaled to length 1. Rows in group -1 are left out. */
export function clusterCentres(table: VectorTable, groups: Int32Array): VectorTable {
  const { rows, columns } = table;
  const unit = unitRows(table);
  const count = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  const values = new Float32Array(count * columns);
  const sizes = new Uint32Array(count);
  for (const group of groups) if (group >= 0) sizes[group] = sizes[group]! + 1;
  for (let i = 0; i < rows; i++) {
    const group = groups[i]!;
    if (group < 0) continue;
    for (let c = 0; c < columns; c++)
      values[group * columns + c] = values[group * columns + c]! + unit[i * columns + c]! / sizes[group]!;
  }
  return { rows: count, columns, values };
}
