import type { Columns } from './columns';

/** Row gradients of a data set, wherever they lie. */
export interface GradientMatrix {
  readonly columns: Columns;
  readonly rows: number;
  /**
   * Dot products of every row with every query.
   *
   * @param queries [count, width]
   * @returns [count, rows]
   */
  scan(queries: Float32Array, count: number): Promise<Float32Array>;
  /**
   * All rows in order, a block at a time.
   *
   * @param visit values [rows, width], overwritten after the visit
   */
  forEachBlock(visit: (first: number, rows: number, values: Float32Array) => void | Promise<void>): Promise<void>;
}

/** Squared Euclidean norm of every row. */
export async function squaredNorms(gradients: GradientMatrix): Promise<Float32Array> {
  const { width } = gradients.columns;
  const norms = new Float32Array(gradients.rows);
  await gradients.forEachBlock((first, rows, values) => {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = i * width; j < (i + 1) * width; j++) sum += values[j]! * values[j]!;
      norms[first + i] = sum;
    }
  });
  return norms;
}
