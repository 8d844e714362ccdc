import { internalError } from '../../protocol/errors';
import { checkTable, type VectorTable } from './cosineSimilarities';

/** The named rows of a table, in the order named: candidates, where all rows are too many to compare with each other. */
export function selectRows(table: VectorTable, rows: ArrayLike<number>): VectorTable {
  checkTable(table);
  const { columns } = table;
  const values = new Float32Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= table.rows) throw internalError(`no row ${row} of ${table.rows}`);
    values.set(table.values.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return { rows: rows.length, columns, values };
}
