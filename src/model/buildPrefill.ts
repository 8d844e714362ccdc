import type { GraphBuilder } from '../graph/builder';
import type { Value } from '../graph/ir';
import { flatLayout } from './architectures/flatLayout';
import { buildForward, type ForwardGraph, type ForwardOptions } from './buildForward';
import { buildLogits } from './buildLogits';
import type { ModelConfig } from './modelConfig';

export interface PrefillOptions extends ForwardOptions {
  /** [B] int64, number of real tokens of each prompt without the shared ones, at least 1. */
  readonly lengths: Value;
}

/** What a prompt leaves behind: the logits that follow it and the keys and values of its positions. */
export interface PrefillGraph {
  readonly forward: ForwardGraph;
  /** [B, V] after the last real token of each prompt. */
  readonly logits: Value;
  /** [B] int64, the most likely next token. */
  readonly nextIds: Value;
  /** Of each layer, [B, K, D, S + T], rotated. Padded positions mean nothing. */
  readonly keys: readonly Value[];
  /** Of each layer, [B, K, S + T, D]. */
  readonly values: readonly Value[];
}

/** The first pass of decoding over right-padded prompts [B, T], after S tokens that they share. */
export function buildPrefill(builder: GraphBuilder, config: ModelConfig, options: PrefillOptions): PrefillGraph {
  const forward = buildForward(builder, config, options);
  const { batch, length, shared } = forward;
  const starts = builder.int64(
    Array.from({ length: batch }, (_, row) => shared + row * length - 1),
    [batch],
  );
  const states = builder.gatherRows(forward.finalNorm, builder.add(starts, options.lengths));
  const logits = buildLogits(builder, config, forward.head, states);
  const layout = flatLayout(builder, batch, length, shared);
  const byRow = (value: Value): Value => (shared === 0 ? value : layout.afterShared(layout.split(value)));
  return {
    forward,
    logits,
    nextIds: builder.argMax(logits, 1),
    keys: forward.layers.map(({ key }) => builder.transpose(byRow(key), [0, 2, 3, 1])),
    values: forward.layers.map(({ value }) => builder.transpose(byRow(value), [0, 2, 1, 3])),
  };
}
