import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/**
 * Layer normalisation over the last axis: y = w (x - mean(x)) / sqrt(var(x) + epsilon) + b, with the biased variance.
 *
 * @param x [..., n]
 * @param weight [n]
 * @param bias [n], or undefined for none
 * @returns [..., n]
 */
export function layerNorm(
  builder: GraphBuilder,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  epsilon: number,
): Value {
  const axes = [x.shape.length - 1];
  const centred = builder.sub(x, builder.reduceMean(x, axes, 'keep'));
  const variance = builder.reduceMean(builder.mul(centred, centred), axes, 'keep');
  const deviation = builder.unary('Sqrt', builder.add(variance, builder.scalar(epsilon)));
  const scaled = builder.mul(builder.mul(centred, builder.unary('Reciprocal', deviation)), weight);
  return bias === undefined ? scaled : builder.add(scaled, bias);
}
