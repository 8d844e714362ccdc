import { cholesky } from '../../../linalg/cholesky/cholesky';
import { createGramSolver, type GramSolver } from '../../../linalg/cholesky/createGramSolver';
import { solveCholesky } from '../../../linalg/cholesky/solveCholesky';
import { createMultiplier, type MatrixView, multiplierBytes } from '../../../linalg/products/multiply';
import { rowMajor, transposed } from '../../../linalg/products/multiplyMatrices';
import { createHeap, heapBytes } from '../../../linalg/wasm/heap';
import { inputError } from '../../../protocol/errors';
import type { GradientMatrix } from '../gradients/gradientMatrix';

/** Rows added to a second moment at a time: as deep as the multiplier packs. */
const momentRows = 256;

/**
 * Solves with the damped raw second moment of projected gradients, C = E_row[g g^T]: (C + lam I)^-1 v with
 * lam = damping tr(C) / d. Exact either way: by the Gram matrix of the rows where they are fewer than the dimensions,
 * else by Cholesky's factorisation of C.
 *
 * @param damping relative to the mean of the diagonal
 * @throws UserError `projections-degenerate` where the projections say nothing
 */
export async function createProjectedSolver(gradients: GradientMatrix, damping: number): Promise<GramSolver> {
  const { rows } = gradients;
  const { width } = gradients.columns;
  const trace = await checkedTrace(gradients);
  const lambda = (damping * trace) / width;
  if (rows < width) {
    const all = new Float32Array(rows * width);
    await gradients.forEachBlock((first, _, values) => all.set(values, first * width));
    return createGramSolver(all, rows, width, lambda);
  }
  const moment = await secondMoment(gradients);
  for (let i = 0; i < width; i++) moment[i * width + i]! += lambda;
  const factor = cholesky(moment, width);
  return { solve: (vectors, count) => solveCholesky(factor, width, vectors, count) };
}

/** tr(C), after a look at every row: what is not finite, zero in all rows or the same in all rows is refused. */
async function checkedTrace(gradients: GradientMatrix): Promise<number> {
  const { rows } = gradients;
  const { width } = gradients.columns;
  const like = new Float32Array(width);
  let broken = 0;
  let zero = 0;
  let equal = 0;
  let trace = 0;
  await gradients.forEachBlock((first, count, values) => {
    if (first === 0) like.set(values.subarray(0, width));
    for (let i = 0; i < count; i++) {
      let squared = 0;
      let same = true;
      for (let j = 0; j < width; j++) {
        const value = values[i * width + j]!;
        squared += value * value;
        same &&= value === like[j];
      }
      if (!Number.isFinite(squared)) broken += 1;
      if (squared === 0) zero += 1;
      if (same) equal += 1;
      trace += squared / rows;
    }
  });
  const refuse = (what: string) =>
    inputError(
      'projections-degenerate',
      `Projected gradients say nothing about rows: ${what}.`,
      'Check the model with `whence doctor`, or trace with another method (ekfac, graddot).',
    );
  if (broken > 0) throw refuse(`${broken} of ${rows} hold values that are not finite`);
  if (zero === rows) throw refuse(`${zero} of ${rows} are zero`);
  if (equal === rows && rows > 1) throw refuse(`${equal} of ${rows} are one and the same`);
  return trace;
}

/** [width, width] E_row[g g^T]; below and on the diagonal. */
async function secondMoment(gradients: GradientMatrix): Promise<Float64Array> {
  const { width } = gradients.columns;
  const heap = createHeap(heapBytes(width * width * 8) + multiplierBytes('float64'));
  const place = heap.float64(width * width);
  const multiplier = createMultiplier(heap, 'float64');
  const buffer = new Float32Array(momentRows * width);
  let filled = 0;
  const flush = (): void => {
    const view: MatrixView = rowMajor(buffer, width);
    const target = { place, offset: 0, rowStride: width };
    const sizes = { m: width, n: width, k: filled };
    multiplier.addProduct(target, transposed(view), view, sizes, 1 / gradients.rows, 'lower');
    filled = 0;
  };
  await gradients.forEachBlock((_, count, values) => {
    for (let i = 0; i < count; i++) {
      buffer.set(values.subarray(i * width, (i + 1) * width), filled * width);
      filled += 1;
      if (filled === momentRows) flush();
    }
  });
  if (filled > 0) flush();
  return place.view.slice();
}
