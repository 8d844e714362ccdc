import { internalError } from '../../protocol/errors';
import type { FloatArray } from './multiply';
import { multiplyViews, rowMajor, transposed } from './multiplyMatrices';

/**
 * G G^T in float64.
 *
 * @param g [rows, width]
 * @returns [rows, rows], symmetric bit for bit
 */
export function gramMatrix(g: FloatArray, rows: number, width: number): Float64Array {
  if (g.length !== rows * width) throw internalError(`${g.length} elements are not [${rows}, ${width}]`);
  const result = new Float64Array(rows * rows);
  const view = rowMajor(g, width);
  multiplyViews(result, view, transposed(view), { m: rows, n: rows, k: width }, 'lower');
  for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) result[j * rows + i] = result[i * rows + j]!;
  return result;
}
