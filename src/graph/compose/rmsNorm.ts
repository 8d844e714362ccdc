import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/**
 * Root-mean-square normalisation over the last axis: y = w x / sqrt(mean(x^2) + epsilon).
 * Decomposed on purpose: SimplifiedLayerNormalization leaves its second output unfilled on WebGPU.
 *
 * @param x [..., n]
 * @param weight [n]
 * @returns [..., n]
 */
export function rmsNorm(builder: GraphBuilder, x: Value, weight: Value, epsilon: number): Value {
  const meanSquare = builder.reduceMean(builder.mul(x, x), [x.shape.length - 1], 'keep');
  const deviation = builder.unary('Sqrt', builder.add(meanSquare, builder.scalar(epsilon)));
  return builder.mul(builder.mul(x, builder.unary('Reciprocal', deviation)), weight);
}
