import { squaredNorms } from '../gradients/gradientMatrix';
import type { Estimate, EstimatorInput } from './estimate';

/** score = g_q . g_k / (|g_q| |g_k|); 0 where a gradient is. */
export async function gradCos({ gradients, queries, count }: EstimatorInput): Promise<Estimate> {
  const { width } = gradients.columns;
  const scores = await gradients.scan(queries, count);
  const norms = await squaredNorms(gradients);
  for (let q = 0; q < count; q++) {
    let squared = 0;
    for (let j = q * width; j < (q + 1) * width; j++) squared += queries[j]! * queries[j]!;
    for (let row = 0; row < gradients.rows; row++) {
      const product = Math.sqrt(squared * norms[row]!);
      const at = q * gradients.rows + row;
      scores[at] = product === 0 ? 0 : scores[at]! / product;
    }
  }
  return { scores, directions: undefined };
}
