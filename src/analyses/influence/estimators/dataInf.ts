import type { Column } from '../gradients/columns';
import type { GradientMatrix } from '../gradients/gradientMatrix';
import type { Estimate, EstimatorInput } from './estimate';

/** Damping relative to the mean squared gradient element of each module. */
const relativeDamping = 0.1;

/**
 * DataInf (Kwon et al. 2024, equation 5), module by module with v the query's gradient:
 *
 *   lam = 0.1 mean_i mean(g_i^2)
 *   r   = 1 / (n lam) sum_i [v - (v . g_i) / (lam + |g_i|^2) g_i]
 *   score = r . g_k
 *
 * It swaps the order of averaging and inversion, and is exact for one row.
 */
export async function dataInf({ gradients, queries, count }: EstimatorInput): Promise<Estimate> {
  const { width, list } = gradients.columns;
  const { rows } = gradients;
  const norms = await moduleNorms(gradients);
  const dampings = list.map((column, c) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += norms[row * list.length + c]!;
    return (relativeDamping * sum) / rows / column.size;
  });
  /** Sum over rows of (v . g_i) / (lam + |g_i|^2) g_i. */
  const shrunk = new Float64Array(count * width);
  await gradients.forEachBlock((first, blockRows, values) => {
    for (let i = 0; i < blockRows; i++) {
      for (const [c, column] of list.entries()) {
        const bottom = dampings[c]! + norms[(first + i) * list.length + c]!;
        if (bottom === 0) continue;
        for (let q = 0; q < count; q++) shrink(column, queries, q * width, values, i * width, bottom, shrunk);
      }
    }
  });
  const directions = new Float32Array(count * width);
  for (const [c, { offset, size }] of list.entries()) {
    const damping = dampings[c]!;
    if (damping === 0) continue;
    for (let q = 0; q < count; q++) {
      const start = q * width + offset;
      for (let j = start; j < start + size; j++) directions[j] = (queries[j]! - shrunk[j]! / rows) / damping;
    }
  }
  return { scores: await gradients.scan(directions, count), directions };
}

/** [rows, modules]: squared norm of each module's gradient. */
async function moduleNorms(gradients: GradientMatrix): Promise<Float64Array> {
  const { width, list } = gradients.columns;
  const norms = new Float64Array(gradients.rows * list.length);
  await gradients.forEachBlock((first, rows, values) => {
    for (let i = 0; i < rows; i++) {
      for (const [c, { offset, size }] of list.entries()) {
        let sum = 0;
        const start = i * width + offset;
        for (let j = start; j < start + size; j++) sum += values[j]! * values[j]!;
        norms[(first + i) * list.length + c] = sum;
      }
    }
  });
  return norms;
}

function shrink(
  { offset, size }: Column,
  queries: Float32Array,
  query: number,
  values: Float32Array,
  row: number,
  bottom: number,
  shrunk: Float64Array,
): void {
  let product = 0;
  for (let j = offset; j < offset + size; j++) product += queries[query + j]! * values[row + j]!;
  const factor = product / bottom;
  for (let j = offset; j < offset + size; j++) shrunk[query + j]! += factor * values[row + j]!;
}
