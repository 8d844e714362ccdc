import type { Estimate, EstimatorInput } from './estimate';

/** score = g_q . g_k */
export async function gradDot({ gradients, queries, count }: EstimatorInput): Promise<Estimate> {
  return { scores: await gradients.scan(queries, count), directions: queries };
}
