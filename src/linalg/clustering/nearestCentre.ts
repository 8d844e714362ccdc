import { internalError } from '../../protocol/errors';
import { unitRows, type VectorTable } from './cosineSimilarities';

/**
 * The centre with the highest cosine to each row, or -1 where none reaches `leastSimilarity`; the first of equal ones.
 * With it groups found among a few candidates are carried over to any number of rows.
 */
export function nearestCentre(table: VectorTable, centres: VectorTable, leastSimilarity: number): Int32Array {
  if (table.columns !== centres.columns)
    throw internalError(`rows of ${table.columns} columns, centres of ${centres.columns}`);
  const { rows, columns } = table;
  const unit = unitRows(table);
  const centre = unitRows(centres);
  const result = new Int32Array(rows).fill(-1);
  for (let i = 0; i < rows; i++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < centres.rows; k++) {
      let cosine = 0;
      for (let c = 0; c < columns; c++) cosine += unit[i * columns + c]! * centre[k * columns + c]!;
      if (cosine <= best || cosine < leastSimilarity) continue;
      best = cosine;
      result[i] = k;
    }
  }
  return result;
}
