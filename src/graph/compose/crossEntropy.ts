import { internalError } from '../../protocol/errors';
import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';
import { logSumExp } from './logSumExp';
import { softCap } from './softCap';

export interface CrossEntropyInputs {
  /** [N, H], what the output head reads. */
  readonly hidden: Value;
  /** [V, H], the output head's weight. */
  readonly embedding: Value;
  /** [V], or undefined for none. */
  readonly bias: Value | undefined;
  /** [N] int64 token ids in [0, V), also where the weight is zero. */
  readonly targets: Value;
  /** [N], factors on each position's loss; zero where nothing is trained. */
  readonly weights: Value;
  /** Soft cap of the logits (Gemma 2), or undefined. */
  readonly logitSoftCap: number | undefined;
}

export interface CrossEntropyOutputs {
  /** [N, V], after the cap. */
  readonly logits: Value;
  /** [N], log softmax(logits)[target], in nats, unweighted. May exceed 0 by rounding. */
  readonly logProbabilities: Value;
  /** [N], -weight * log probability. */
  readonly losses: Value;
}

/**
 * Cross entropy of next-token logits: logsumexp(logits) - logits[target], where the target's logit is the dot product
 * of the hidden state with the target's row of the head. Its gradient is w (P E - E[t]): no one-hot, no [N, V] scatter.
 */
export function crossEntropy(builder: GraphBuilder, inputs: CrossEntropyInputs): CrossEntropyOutputs {
  const { hidden, embedding, bias, targets, weights, logitSoftCap } = inputs;
  const [rows] = hidden.shape as readonly [number, number];
  if (targets.shape.length !== 1 || targets.shape[0] !== rows) throw internalError(`targets [${targets.shape}]`);

  const product = builder.gemm(hidden, embedding, { transA: 'no', transB: 'yes' });
  const logits = softCap(builder, bias === undefined ? product : builder.add(product, bias), logitSoftCap);

  const dot = builder.reduceSum(builder.mul(hidden, builder.gatherRows(embedding, targets)), [1], 'drop');
  const shifted = bias === undefined ? dot : builder.add(dot, builder.gatherRows(bias, targets));
  const targetLogit = softCap(builder, shifted, logitSoftCap);

  const normaliser = builder.reshape(logSumExp(builder, logits, 1), [rows]);
  const logProbabilities = builder.sub(targetLogit, normaliser);
  const losses = builder.mul(builder.unary('Neg', logProbabilities), weights);
  return { logits, logProbabilities, losses };
}
