import type { GraphBuilder } from './builder';
import { differentiate } from './differentiate';
import type { Value } from './ir';
import { jacobianVectorProduct } from './jacobianVectorProduct';

/** Product of the loss's Hessian with respect to the model's output and a tangent of that output, of the same shape. */
export type OutputHessian = (tangent: Value) => Value;

/**
 * G v = J^T H J v, where J is the Jacobian of `output` with respect to `wrt` and H the loss's Hessian with respect to
 * `output`: positive semi-definite where H is. For softmax cross entropy it is also the Fisher information.
 *
 * @param vectors one a value of `wrt`, broadcastable to its shape
 * @returns one a value of `wrt`, of its shape
 */
export function gaussNewtonVectorProduct(
  builder: GraphBuilder,
  output: Value,
  outputHessian: OutputHessian,
  wrt: readonly Value[],
  vectors: readonly Value[],
): readonly Value[] {
  const [tangent] = jacobianVectorProduct(builder, [output], wrt, vectors);
  return differentiate(builder, [{ output, cotangent: outputHessian(tangent!) }], wrt);
}

/**
 * Hessian of weighted softmax cross entropy with respect to its logits: rows w (diag(p) - p p^T) t. It does not depend
 * on the targets.
 *
 * @param logits [N, V]
 * @param weights [N]
 */
export function softmaxCrossEntropyHessian(builder: GraphBuilder, logits: Value, weights: Value): OutputHessian {
  const probabilities = builder.softmax(logits, 1);
  const column = builder.reshape(weights, [...weights.shape, 1]);
  return (tangent) => {
    const weighted = builder.mul(probabilities, tangent);
    const mean = builder.reduceSum(weighted, [1], 'keep');
    return builder.mul(column, builder.sub(weighted, builder.mul(probabilities, mean)));
  };
}
