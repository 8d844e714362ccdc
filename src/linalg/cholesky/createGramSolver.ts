import { inputError, internalError } from '../../protocol/errors';
import { gramMatrix } from '../products/gramMatrix';
import type { FloatArray } from '../products/multiply';
import { multiplyViews, rowMajor, transposed } from '../products/multiplyMatrices';
import { cholesky } from './cholesky';
import { solveCholesky } from './solveCholesky';

export interface GramSolver {
  /**
   * (damping I + G^T G / rows)^-1 v for many v.
   *
   * @param vectors [count, width]
   * @returns [count, width]
   */
  solve(vectors: FloatArray, count: number): Float64Array;
}

/**
 * Solves with the damped second moment of fewer rows than columns, exactly, by Woodbury's identity:
 * (d I + G^T G / n)^-1 v = (v - G^T (n d I + G G^T)^-1 G v) / d. Costs rows^2 width once, never width^2.
 *
 * @param g [rows, width], not copied
 * @param damping above zero
 * @throws UserError `damping-not-positive`, `not-positive-definite`
 */
export function createGramSolver(g: FloatArray, rows: number, width: number, damping: number): GramSolver {
  if (!(damping > 0 && damping < Number.POSITIVE_INFINITY))
    throw inputError('damping-not-positive', `The damping is ${damping}.`, 'Choose a damping above zero.');
  const gram = gramMatrix(g, rows, width);
  for (let i = 0; i < rows; i++) gram[i * rows + i] = gram[i * rows + i]! + rows * damping;
  const factor = cholesky(gram, rows);
  const matrix = rowMajor(g, width);
  return {
    solve: (vectors, count) => {
      if (vectors.length !== count * width)
        throw internalError(`${vectors.length} elements are not [${count}, ${width}]`);
      const overlaps = new Float64Array(count * rows);
      multiplyViews(overlaps, rowMajor(vectors, width), transposed(matrix), { m: count, n: rows, k: width }, 'full');
      const weights = solveCholesky(factor, rows, overlaps, count);
      const result = new Float64Array(count * width);
      multiplyViews(result, rowMajor(weights, rows), matrix, { m: count, n: width, k: rows }, 'full');
      for (let i = 0; i < result.length; i++) result[i] = (vectors[i]! - result[i]!) / damping;
      return result;
    },
  };
}
