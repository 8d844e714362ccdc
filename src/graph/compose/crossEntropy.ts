import { internalError } from '../../protocol/errors';
import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';
import { logSumExp } from './logSumExp';
import { softCap } from './softCap';
import { vocabularyBlocks } from './vocabularyBlocks';

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
 *
 * The head is taken in blocks of rows, and the logsumexp of the blocks' is that of the whole: logits are used while they
 * are in the cache, and only their exponentials are kept for the gradient.
 */
export function crossEntropy(builder: GraphBuilder, inputs: CrossEntropyInputs): CrossEntropyOutputs {
  const { hidden, embedding, bias, targets, weights, logitSoftCap } = inputs;
  const [rows] = hidden.shape as readonly [number, number];
  if (targets.shape.length !== 1 || targets.shape[0] !== rows) throw internalError(`targets [${targets.shape}]`);

  const blocks = vocabularyBlocks(embedding.shape[0]!).map(([start, end]) => {
    const product = builder.gemm(hidden, builder.slice(embedding, 0, start, end), { transA: 'no', transB: 'yes' });
    const biased = bias === undefined ? product : builder.add(product, builder.slice(bias, 0, start, end));
    const logits = softCap(builder, biased, logitSoftCap);
    return { logits, normaliser: logSumExp(builder, logits, 1) };
  });
  const normalisers = blocks.map(({ normaliser }) => normaliser);
  const normaliser = blocks.length === 1 ? normalisers[0]! : logSumExp(builder, builder.concat(normalisers, 1), 1);

  const dot = builder.reduceSum(builder.mul(hidden, builder.gatherRows(embedding, targets)), [1], 'drop');
  const shifted = bias === undefined ? dot : builder.add(dot, builder.gatherRows(bias, targets));
  const targetLogit = softCap(builder, shifted, logitSoftCap);

  const logProbabilities = builder.sub(targetLogit, builder.reshape(normaliser, [rows]));
  const losses = builder.mul(builder.unary('Neg', logProbabilities), weights);
  const logits = builder.concat(
    blocks.map((block) => block.logits),
    1,
  );
  return { logits, logProbabilities, losses };
}
