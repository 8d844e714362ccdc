/**
 * The decoder stack that every family shares. What differs is data: the configuration (norms, activation, residual
 * order, scales) and the plan (names, fused or separate projections). How queries meet keys is the caller's: the full
 * forward pass, the prefill of a cache and a decoding step differ in nothing else.
 *
 * Symbols: B rows of a batch, T positions of this pass, N = B T, H hidden size, D head size, Q heads, K key/value heads.
 */
import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';
import type { ModelConfig } from '../modelConfig';
import type { LayerPlan, LinearModule, ModelPlan } from '../modelPlan';
import { activate } from './activate';
import { type LinearContext, linear } from './linear';
import { normalise } from './normalise';

/** Where a value of the pass can be read or replaced. All are [N, H] unless said otherwise. */
export type HookName =
  /** Token (plus position) embeddings, scaled. */
  | 'embedding'
  /** What a layer gets. */
  | 'resid_pre'
  /** [B, T, Q, D], after norm and rotation. */
  | 'query'
  /** [B, T, K, D], after norm and rotation. */
  | 'key'
  /** [B, T, K, D] */
  | 'value'
  /** [N, Q D], heads side by side, before the output projection. */
  | 'head_out'
  /** What attention adds to the residual stream. */
  | 'attn_out'
  /** Between attention and MLP; absent where they run in parallel. */
  | 'resid_mid'
  /** [N, inner], what the down projection reads. */
  | 'mlp_hidden'
  /** What the MLP adds to the residual stream. */
  | 'mlp_out'
  /** What a layer gives. */
  | 'resid_post'
  /** What the head reads. */
  | 'final_norm';

export interface HookPoint {
  readonly name: HookName;
  /** undefined: outside the layers. */
  readonly layer: number | undefined;
}

/** May replace the value at a hook point; what follows is computed from what it returns. */
export type Intervention = (point: HookPoint, value: Value) => Value;

export interface HeadsInput {
  /** [B, T, Q, D] */
  readonly query: Value;
  /** [B, T, K, D] */
  readonly key: Value;
  /** [B, T, K, D] */
  readonly value: Value;
}

export interface StackContext extends LinearContext {
  readonly builder: GraphBuilder;
  readonly config: ModelConfig;
  readonly plan: ModelPlan;
  readonly batch: number;
  readonly length: number;
  readonly intervene: Intervention;
  /** Turns queries or keys [B, T, heads, D] by their positions. */
  readonly rotate: (x: Value, layer: number) => Value;
  /** Mixes values by attention: [N, Q D]. */
  readonly attend: (input: HeadsInput, layer: number) => Value;
}

/** The final norm's output [N, H] for embeddings [N, H]. */
export function runStack(context: StackContext, embedding: Value): Value {
  const { builder, config, plan, parameter, intervene } = context;
  let stream = intervene({ name: 'embedding', layer: undefined }, embedding);
  plan.layers.forEach((layer, index) => {
    stream = runLayer(context, layer, index, stream);
  });
  const final = normalise(builder, parameter, config, plan.finalNorm, stream);
  return intervene({ name: 'final_norm', layer: undefined }, final);
}

function runLayer(context: StackContext, plan: LayerPlan, layer: number, stream: Value): Value {
  const { builder, config, parameter } = context;
  const { norms } = plan;
  const hook = (name: HookName, value: Value): Value => context.intervene({ name, layer }, value);
  const norm = (normPlan: typeof norms.beforeMlp, x: Value): Value =>
    normalise(builder, parameter, config, normPlan, x);

  const pre = hook('resid_pre', stream);
  const heads = project(context, plan, layer, norm(norms.beforeAttention, pre));
  const mixed = hook('head_out', context.attend(heads, layer));
  const attention = hook('attn_out', norm(norms.afterAttention, linear(context, plan.attentionOutput, mixed)));

  if (config.residual === 'parallel') {
    const mlp = hook('mlp_out', norm(norms.afterMlp, runMlp(context, plan, layer, norm(norms.beforeMlp, pre))));
    return hook('resid_post', builder.add(builder.add(mlp, attention), pre));
  }
  const mid = hook('resid_mid', builder.add(pre, attention));
  const mlp = hook('mlp_out', norm(norms.afterMlp, runMlp(context, plan, layer, norm(norms.beforeMlp, mid))));
  return hook('resid_post', builder.add(mid, mlp));
}

function project(context: StackContext, plan: LayerPlan, layer: number, x: Value): HeadsInput {
  const { builder, config } = context;
  const { headSize, headCount, keyValueHeadCount: keyCount } = config;
  const hook = (name: HookName, value: Value): Value => context.intervene({ name, layer }, value);
  const byHead = (value: Value, heads: number): Value =>
    builder.reshape(value, [context.batch, context.length, heads, headSize]);
  // OLMo 2 norms the whole projection, Qwen 3 and Gemma 3 each head.
  const normed = (value: Value, heads: number, norm: typeof plan.queryNorm): Value =>
    config.queryKeyNorm === 'full'
      ? byHead(normalise(builder, context.parameter, config, norm, value), heads)
      : normalise(builder, context.parameter, config, norm, byHead(value, heads));

  const [queries, keys, values] = split(context, plan, x);
  return {
    query: hook('query', context.rotate(normed(queries, headCount, plan.queryNorm), layer)),
    key: hook('key', context.rotate(normed(keys, keyCount, plan.keyNorm), layer)),
    value: hook('value', byHead(values, keyCount)),
  };
}

/** Queries [N, Q D], keys and values [N, K D]. */
function split(context: StackContext, { projection }: LayerPlan, x: Value): readonly [Value, Value, Value] {
  const { builder, config, batch, length } = context;
  const { headSize, headCount, keyValueHeadCount } = config;
  const apply = (module: LinearModule): Value => linear(context, module, x);
  if (projection.kind === 'separate') return [apply(projection.query), apply(projection.key), apply(projection.value)];
  const fused = apply(projection.linear);
  if (projection.kind === 'blocks') {
    const queries = headCount * headSize;
    const keys = keyValueHeadCount * headSize;
    return [
      builder.slice(fused, 1, 0, queries),
      builder.slice(fused, 1, queries, queries + keys),
      builder.slice(fused, 1, queries + keys, queries + 2 * keys),
    ];
  }
  const byHead = builder.reshape(fused, [batch * length, headCount, 3 * headSize]);
  const part = (index: number): Value =>
    builder.reshape(builder.slice(byHead, 2, index * headSize, (index + 1) * headSize), [
      batch * length,
      headCount * headSize,
    ]);
  return [part(0), part(1), part(2)];
}

function runMlp(context: StackContext, { mlp }: LayerPlan, layer: number, x: Value): Value {
  const { builder, config } = context;
  const { activation, intermediateSize: inner } = config;
  const down = (hidden: Value): Value =>
    linear(context, mlp.down, context.intervene({ name: 'mlp_hidden', layer }, hidden));
  if (mlp.kind === 'plain') return down(activate(builder, linear(context, mlp.up, x), activation));
  if (mlp.kind === 'gated') {
    const gate = activate(builder, linear(context, mlp.gate, x), activation);
    return down(builder.mul(gate, linear(context, mlp.up, x)));
  }
  const fused = linear(context, mlp.gateUp, x);
  const gate = activate(builder, builder.slice(fused, 1, 0, inner), activation);
  return down(builder.mul(gate, builder.slice(fused, 1, inner, 2 * inner)));
}
