import type { GraphBuilder } from '../graph/builder';
import { crossEntropy } from '../graph/compose/crossEntropy';
import { logSumExp } from '../graph/compose/logSumExp';
import type { Value } from '../graph/ir';
import { internalError } from '../protocol/errors';
import type { ForwardGraph } from './buildForward';
import { buildLogits } from './buildLogits';

/**
 * Where the loss is taken: M places of the flattened batch (row r, position t is place r T + t). The vocabulary is
 * multiplied at these places only, so give the trained positions, padded to a bucket with place 0 and weight 0.
 */
export interface LossInputs {
  /** [M] int64 places whose states predict, i.e. the one before each target. */
  readonly places: Value;
  /** [M] int64 token ids that are predicted. */
  readonly targets: Value;
  /** [M] factor on each loss; 0 where the place is filling. */
  readonly weights: Value;
}

export interface LossValues {
  /** [M, V], after soft-capping. */
  readonly logits: Value;
  /** [M] log probability of each target, natural logarithm, unweighted. */
  readonly logProbabilities: Value;
  /** [M] -weight log probability. */
  readonly tokenLosses: Value;
  /** [B] sum of the weighted losses of each row. */
  readonly rowLosses: Value;
  /** [] sum of the weighted losses of the batch. */
  readonly sum: Value;
  /** [] sum of the weighted losses / sum of the weights. */
  readonly mean: Value;
}

/** Next-token cross entropy of a forward pass. */
export function buildLoss(builder: GraphBuilder, forward: ForwardGraph, inputs: LossInputs): LossValues {
  const { places, targets, weights } = inputs;
  const count = places.shape[0];
  if (count === undefined || targets.shape[0] !== count || weights.shape[0] !== count)
    throw internalError(`losses at [${places.shape}] of [${targets.shape}] with weights [${weights.shape}]`);

  const states = builder.gatherRows(forward.finalNorm, places);
  const { logits, logProbabilities, losses } = entropy(builder, forward, states, inputs);
  const sum = builder.reduceSum(losses, [0], 'drop');
  return {
    logits,
    logProbabilities,
    tokenLosses: losses,
    rowLosses: builder.reduceSum(builder.mul(rowMembership(builder, forward, places), losses), [1], 'drop'),
    sum,
    mean: builder.div(sum, builder.reduceSum(weights, [0], 'drop')),
  };
}

function entropy(
  builder: GraphBuilder,
  { config, head }: ForwardGraph,
  states: Value,
  { targets, weights }: LossInputs,
): { readonly logits: Value; readonly logProbabilities: Value; readonly losses: Value } {
  if (head.lora === undefined) {
    const logitSoftCap = config.logitSoftCap;
    return crossEntropy(builder, {
      hidden: states,
      embedding: head.weight,
      bias: undefined,
      targets,
      weights,
      logitSoftCap,
    });
  }
  // An adapted head has no single matrix to take a target's row from.
  const logits = buildLogits(builder, config, head, states);
  const count = targets.shape[0]!;
  const targetLogits = builder.gatherElements(logits, builder.reshape(targets, [count, 1]), 1);
  const logProbabilities = builder.reshape(builder.sub(targetLogits, logSumExp(builder, logits, 1)), [count]);
  return { logits, logProbabilities, losses: builder.mul(builder.unary('Neg', logProbabilities), weights) };
}

/** [B, M], 1 where a place lies in the row. */
function rowMembership(builder: GraphBuilder, { batch, length }: ForwardGraph, places: Value): Value {
  const starts = (offset: number): Value =>
    builder.int64(
      Array.from({ length: batch }, (_, row) => (row + offset) * length),
      [batch, 1],
    );
  const atOrAfterStart = builder.not(builder.compare('Less', places, starts(0)));
  const beforeEnd = builder.compare('Less', places, starts(1));
  return builder.cast(builder.compare('And', atOrAfterStart, beforeEnd), 'float32');
}
