import { internalError } from '../../../protocol/errors';
import type { Columns } from './columns';
import type { GradientMatrix } from './gradientMatrix';
import { dotAt } from './storedGradients';

/** Rows that a block of `forEachBlock` holds. */
const blockRows = 16;

/** A gradient matrix in one float32 array. @param values [rows, width] */
export function memoryGradients(columns: Columns, values: Float32Array): GradientMatrix {
  const { width } = columns;
  const rows = values.length / width;
  if (!Number.isInteger(rows)) throw internalError(`${values.length} values are no rows of ${width}`);
  return {
    columns,
    rows,
    scan: async (queries, count) => {
      const scores = new Float32Array(count * rows);
      for (let q = 0; q < count; q++) {
        for (let row = 0; row < rows; row++) {
          scores[q * rows + row] = dotAt(queries, q * width, values, row * width, width);
        }
      }
      return scores;
    },
    forEachBlock: async (visit) => {
      for (let first = 0; first < rows; first += blockRows) {
        const count = Math.min(blockRows, rows - first);
        await visit(first, count, values.subarray(first * width, (first + count) * width));
      }
    },
  };
}
