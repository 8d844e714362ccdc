import type { GraphBuilder } from './builder';
import { differentiate } from './differentiate';
import type { Value } from './ir';

/**
 * H v, the Hessian of a scalar loss times vectors: the Jacobian of the gradient is symmetric, so it is the gradient's
 * own vector-Jacobian product.
 *
 * @param vectors one a value of `wrt`, broadcastable to its shape
 * @returns one a value of `wrt`, of its shape
 */
export function hessianVectorProduct(
  builder: GraphBuilder,
  loss: Value,
  wrt: readonly Value[],
  vectors: readonly Value[],
): readonly Value[] {
  const gradients = differentiate(builder, loss, wrt);
  return differentiate(
    builder,
    gradients.map((output, i) => ({ output, cotangent: vectors[i]! })),
    wrt,
  );
}
