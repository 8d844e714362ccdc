import { internalError } from '../../protocol/errors';

/** Rows of one length, one after another. */
export interface VectorTable {
  /** [rows, columns]. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** More rows than this would need more than a gigabyte of similarities: choose candidates first. */
export const mostSimilarityRows = 1 << 14;

export function checkTable({ values, rows, columns }: VectorTable): void {
  if (values.length !== rows * columns) throw internalError(`${values.length} values of [${rows}, ${columns}]`);
}

/**
 * Cosines of all pairs of rows: [rows, rows], symmetric, 1 on the diagonal. A row of zeros has no direction: 0 to all
 * others.
 *
 * @param table at most `mostSimilarityRows` rows, all values finite
 */
export function cosineSimilarities(table: VectorTable): Float32Array {
  const { rows, columns } = table;
  if (rows > mostSimilarityRows) throw internalError(`similarities of ${rows} rows`);
  const unit = unitRows(table);
  const result = new Float32Array(rows * rows);
  // Blocks of rows that stay in a core's own cache together.
  const block = Math.max(1, Math.floor((1 << 15) / Math.max(1, columns)));
  for (let begin = 0; begin < rows; begin += block) {
    const end = Math.min(rows, begin + block);
    for (let i = begin; i < rows; i++) {
      for (let j = begin; j < Math.min(end, i); j++) {
        const value = dot(unit, i * columns, j * columns, columns);
        result[i * rows + j] = value;
        result[j * rows + i] = value;
      }
    }
  }
  for (let i = 0; i < rows; i++) result[i * rows + i] = 1;
  return result;
}

/** The rows divided by their lengths; rows of zeros stay so. */
export function unitRows(table: VectorTable): Float32Array {
  checkTable(table);
  const { values, rows, columns } = table;
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    let squares = 0;
    for (let c = i * columns; c < (i + 1) * columns; c++) squares += values[c]! * values[c]!;
    if (!Number.isFinite(squares)) throw internalError(`row ${i} has a value that is not finite`);
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let c = i * columns; c < (i + 1) * columns; c++) result[c] = values[c]! * scale;
  }
  return result;
}

/** Rows minus their mean: what all rows share says nothing about kinds. */
export function centredRows(table: VectorTable): VectorTable {
  checkTable(table);
  const { values, rows, columns } = table;
  const centre = new Float64Array(columns);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < columns; c++) centre[c] = centre[c]! + values[i * columns + c]! / rows;
  return { rows, columns, values: values.map((value, at) => value - centre[at % columns]!) };
}

/** Four sums at once: additions of one sum would wait for each other. */
export function dot(values: Float32Array, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += values[a + i]! * values[b + i]!;
    s1 += values[a + i + 1]! * values[b + i + 1]!;
    s2 += values[a + i + 2]! * values[b + i + 2]!;
    s3 += values[a + i + 3]! * values[b + i + 3]!;
  }
  for (; i < length; i++) s0 += values[a + i]! * values[b + i]!;
  return s0 + s1 + (s2 + s3);
}
