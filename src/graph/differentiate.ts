import type { GraphBuilder } from './builder';
import type { Value } from './ir';
import { reverseWalk, type Seed } from './reverseWalk';

export type { Seed } from './reverseWalk';

/**
 * Reverse-mode differentiation: appends the gradient graph to the builder.
 *
 * @param output a float32 value of one element, or values with their cotangents (a vector-Jacobian product)
 * @param wrt float32 values, inputs of the graph or intermediate ones
 * @returns the gradient of each of `wrt`, of its shape; zeros where the output does not depend on it. The gradients are
 *   ordinary values: they can be differentiated again.
 */
export function differentiate(
  builder: GraphBuilder,
  output: Value | readonly Seed[],
  wrt: readonly Value[],
): readonly Value[] {
  return reverseWalk(builder, [...builder.allNodes()], output, wrt, (node) => node);
}
