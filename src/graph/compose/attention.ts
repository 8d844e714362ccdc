import { internalError } from '../../protocol/errors';
import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';
import { softCap } from './softCap';

export interface AttentionInputs {
  /** [B, heads, T, D] */
  readonly query: Value;
  /** [B, kvHeads, D, S]: transposed once on the way out of the projection, so that no further copy is made. */
  readonly keysTransposed: Value;
  /** [B, kvHeads, S, E] */
  readonly values: Value;
  /** Added to the scaled (and capped) scores: broadcasts against [B, 1, T, S]; large negative where a query must not look. */
  readonly mask: Value | undefined;
  /** Factor on q k; 1 / sqrt(D) in most models. */
  readonly scale: number;
  /** Soft cap of the scores before the mask (Gemma 2), or undefined. */
  readonly logitSoftCap: number | undefined;
}

export interface AttentionOutputs {
  /** [B, heads, T, E] */
  readonly output: Value;
  /** [B, heads, T, S], rows sum to one. */
  readonly probabilities: Value;
}

/**
 * Softmax attention with grouped queries: query head h reads key head floor(h / (heads / kvHeads)).
 * The query group is folded into the rows of one MatMul per key head, so keys and values are never repeated.
 */
export function attention(builder: GraphBuilder, inputs: AttentionInputs): AttentionOutputs {
  const { query, keysTransposed, values, mask, scale, logitSoftCap } = inputs;
  const [batch, heads, rows, width] = query.shape as readonly [number, number, number, number];
  const [, kvHeads, , columns] = keysTransposed.shape as readonly [number, number, number, number];
  const group = heads / kvHeads;
  if (!Number.isInteger(group)) throw internalError(`${heads} query heads over ${kvHeads} key heads`);

  // The scale goes onto the query: T D elements instead of T S.
  const folded = builder.reshape(builder.scale(query, scale), [batch, kvHeads, group * rows, width]);
  const scores = softCap(builder, builder.matMul(folded, keysTransposed), logitSoftCap);
  const byHead = builder.reshape(scores, [batch, heads, rows, columns]);
  const probabilities = builder.softmax(mask === undefined ? byHead : builder.add(byHead, mask), 3);
  const mixed = builder.matMul(builder.reshape(probabilities, [batch, kvHeads, group * rows, columns]), values);
  return { output: builder.reshape(mixed, [batch, heads, rows, values.shape[3]!]), probabilities };
}
