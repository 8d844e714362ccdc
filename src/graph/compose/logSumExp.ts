import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/**
 * log sum exp over one axis, kept: m + log(sum(exp(x - m))), m = max(x).
 * Spelled out, because the operator ReduceLogSumExp takes three times as long over a vocabulary, and because the
 * exponentials are then there for the gradient, softmax(x) = exp(x - m) / sum.
 * The maximum carries no gradient: what it would add and what it would take away cancel.
 *
 * @param x [...]
 * @returns as `x`, with extent 1 on `axis`
 */
export function logSumExp(builder: GraphBuilder, x: Value, axis: number): Value {
  const greatest = builder.stopGradient(builder.reduceMax(x, [axis], 'keep'));
  const sum = builder.reduceSum(builder.unary('Exp', builder.sub(x, greatest)), [axis], 'keep');
  return builder.add(builder.unary('Log', sum), greatest);
}
