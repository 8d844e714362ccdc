import type { GraphBuilder } from '../graph/builder';
import type { Value } from '../graph/ir';
import { buildForward, type ForwardGraph, type ForwardOptions } from './buildForward';
import { buildLogits } from './buildLogits';
import type { ModelConfig } from './modelConfig';

export interface PrefillOptions extends ForwardOptions {
  /** [B] int64, number of real tokens of each prompt, at least 1. */
  readonly lengths: Value;
}

/** What a prompt leaves behind: the logits that follow it and the keys and values of its positions. */
export interface PrefillGraph {
  readonly forward: ForwardGraph;
  /** [B, V] after the last real token of each prompt. */
  readonly logits: Value;
  /** [B] int64, the most likely next token. */
  readonly nextIds: Value;
  /** Of each layer, [B, K, D, T], rotated. Padded positions mean nothing. */
  readonly keys: readonly Value[];
  /** Of each layer, [B, K, T, D]. */
  readonly values: readonly Value[];
}

/** The first pass of decoding over right-padded prompts [B, T]. */
export function buildPrefill(builder: GraphBuilder, config: ModelConfig, options: PrefillOptions): PrefillGraph {
  const forward = buildForward(builder, config, options);
  const { batch, length } = forward;
  const starts = builder.int64(
    Array.from({ length: batch }, (_, row) => row * length - 1),
    [batch],
  );
  const states = builder.gatherRows(forward.finalNorm, builder.add(starts, options.lengths));
  const logits = buildLogits(builder, config, forward.head, states);
  return {
    forward,
    logits,
    nextIds: builder.argMax(logits, 1),
    keys: forward.layers.map(({ key }) => builder.transpose(key, [0, 2, 3, 1])),
    values: forward.layers.map(({ value }) => builder.transpose(value, [0, 2, 1, 3])),
  };
}
