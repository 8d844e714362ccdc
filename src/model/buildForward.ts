import type { GraphBuilder } from '../graph/builder';
import { attention } from '../graph/compose/attention';
import { rotaryEmbedding } from '../graph/compose/rotaryEmbedding';
import type { Value } from '../graph/ir';
import { inputError, internalError } from '../protocol/errors';
import { causalMask, type PositionRanges, positionRanges } from './architectures/causalMask';
import { type FlatLayout, flatLayout } from './architectures/flatLayout';
import {
  type AdapterSource,
  type LinearValues,
  type LoraValues,
  multiplyRows,
  type ParameterSource,
} from './architectures/linear';
import { rotaryTables } from './architectures/rotaryTables';
import { type HeadsInput, type HookName, type Intervention, runStack } from './architectures/stack';
import type { ModelConfig } from './modelConfig';
import { type LinearModule, type ModelPlan, modelPlan } from './modelPlan';

export interface ForwardOptions {
  /** [B, T] int64; rows are padded on the right with any valid id. */
  readonly inputIds: Value;
  /**
   * [S] int64: tokens that all rows begin with and that `inputIds` leaves out. They are computed once for all rows; row
   * token t has position S + t. Absent: none.
   */
  readonly sharedIds?: Value;
  readonly parameter: ParameterSource;
  /** Low-rank additions by module; `noAdapter` for none. */
  readonly adapter: AdapterSource;
  /** Replaces values at hook points; `observe` replaces none. */
  readonly intervene: Intervention;
  /** Length that decides between longrope's frequencies; absent: the rows' own (padded) length T. */
  readonly sequenceLength?: number;
}

export const noAdapter: AdapterSource = () => undefined;
export const observe: Intervention = (_, value) => value;

/**
 * Values of one layer, after interventions. N = S + B T: shared tokens first, then the rows one after another. With
 * shared tokens queries, keys and values are [1, N, heads, D].
 */
export interface LayerValues {
  readonly residPre: Value;
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** [B, heads, T, S + T], rows sum to one. */
  readonly attentionProbabilities: Value;
  readonly headOut: Value;
  readonly attnOut: Value;
  /** undefined: attention and MLP run in parallel. */
  readonly residMid: Value | undefined;
  readonly mlpHidden: Value;
  readonly mlpOut: Value;
  readonly residPost: Value;
}

/** The head, not applied yet: logits are made by the loss or by `buildLogits`, at the positions that need them. */
export interface HeadValues {
  readonly module: LinearModule;
  /** [V, H]: the input embedding where it is tied. */
  readonly weight: Value;
  readonly lora: LoraValues | undefined;
}

/**
 * A forward pass. A graph finished with some of these values holds what they need and nothing else.
 *
 * There is no padding mask: attention is causal and rows are padded on the right, so no real position reads padding.
 * What is computed at padded positions is finite and means nothing; `realPositions` tells them apart.
 */
export interface ForwardGraph {
  readonly config: ModelConfig;
  readonly plan: ModelPlan;
  readonly batch: number;
  /** T: positions of a row without the shared ones. */
  readonly length: number;
  /** S */
  readonly shared: number;
  readonly inputIds: Value;
  /** [N, H] */
  readonly embedding: Value;
  readonly layers: readonly LayerValues[];
  /** [N, H], what the head reads. */
  readonly finalNorm: Value;
  /** Every linear module applied, in order; the head is not among them. */
  readonly linears: readonly LinearValues[];
  readonly head: HeadValues;
}

/**
 * The forward pass of a model over right-padded rows, position t of a row having position t (S + t after shared tokens).
 *
 * @throws an input error where the rows are longer than the model can compute
 */
export function buildForward(builder: GraphBuilder, config: ModelConfig, options: ForwardOptions): ForwardGraph {
  const { inputIds, parameter } = options;
  const [batch, length] = inputIds.shape;
  if (batch === undefined || length === undefined || inputIds.shape.length !== 2)
    throw internalError(`token ids [${inputIds.shape}]`);
  const shared = options.sharedIds?.shape[0] ?? 0;
  refuseLongRows(config, shared + length);
  const layout = flatLayout(builder, batch, length, shared);

  const plan = modelPlan(config);
  const hooks = new Map<string, Value>();
  const probabilities: Value[] = [];
  const linears: LinearValues[] = [];
  const ranges = positionRanges(builder, shared, shared + length);
  const sharedRanges = shared === 0 ? ranges : positionRanges(builder, 0, shared);
  const tables = rotaryTables(builder, config, shared + length, options.sequenceLength ?? shared + length);

  const rotate = (x: Value, layer: number): Value => {
    const table = tables(layer);
    return table === undefined ? x : rotaryEmbedding(builder, x, layout.at(table.cos), layout.at(table.sin));
  };
  const width = config.headCount * config.headSize;
  /** Attention of the ranges' rows to positions up to themselves. */
  const attendWithin = (within: PositionRanges, { query, key, value }: HeadsInput, layer: number) => {
    const [rows, positions] = query.shape as readonly [number, number];
    const { window, attentionScale } = config.layers[layer]!;
    const mixed = attention(builder, {
      query: builder.transpose(query, [0, 2, 1, 3]),
      keysTransposed: builder.transpose(key, [0, 2, 3, 1]),
      values: builder.transpose(value, [0, 2, 1, 3]),
      mask: causalMask(builder, within, window),
      scale: attentionScale,
      logitSoftCap: config.attentionSoftCap,
    });
    const output = builder.reshape(builder.transpose(mixed.output, [0, 2, 1, 3]), [rows * positions, width]);
    return { output, probabilities: mixed.probabilities };
  };
  const attend = (input: HeadsInput, layer: number): Value => {
    if (shared === 0) {
      const mixed = attendWithin(ranges, input, layer);
      probabilities[layer] = mixed.probabilities;
      return mixed.output;
    }
    const query = layout.split(input.query);
    const [key, value] = [layout.split(input.key), layout.split(input.value)];
    const before = attendWithin(sharedRanges, { query: query.shared, key: key.shared, value: value.shared }, layer);
    const own = { query: query.rows, key: layout.afterShared(key), value: layout.afterShared(value) };
    const mixed = attendWithin(ranges, own, layer);
    probabilities[layer] = mixed.probabilities;
    return builder.concat([before.output, mixed.output], 0);
  };

  const finalNorm = runStack(
    {
      builder,
      config,
      plan,
      batch: layout.batch,
      length: layout.length,
      parameter,
      adapter: options.adapter,
      multiply: multiplyRows,
      record: (values) => linears.push(values),
      intervene: (point, value) => {
        const result = options.intervene(point, value);
        hooks.set(`${point.name} ${point.layer}`, result);
        return result;
      },
      rotate,
      attend,
    },
    embed(builder, config, plan, parameter, layout.ids(inputIds, options.sharedIds), layout),
  );

  const hook = (name: HookName, layer: number | undefined): Value => {
    const value = hooks.get(`${name} ${layer}`);
    if (value === undefined) throw internalError(`no hook point ${name} of layer ${layer}`);
    return value;
  };
  return {
    config,
    plan,
    batch,
    length,
    shared,
    inputIds,
    embedding: hook('embedding', undefined),
    layers: plan.layers.map((_, layer) => ({
      residPre: hook('resid_pre', layer),
      query: hook('query', layer),
      key: hook('key', layer),
      value: hook('value', layer),
      attentionProbabilities: probabilities[layer]!,
      headOut: hook('head_out', layer),
      attnOut: hook('attn_out', layer),
      residMid: config.residual === 'parallel' ? undefined : hook('resid_mid', layer),
      mlpHidden: hook('mlp_hidden', layer),
      mlpOut: hook('mlp_out', layer),
      residPost: hook('resid_post', layer),
    })),
    finalNorm,
    linears,
    head: headValues(config, plan, parameter, options.adapter),
  };
}

/** The head's weight and adapter. */
export function headValues(
  config: ModelConfig,
  { head }: ModelPlan,
  parameter: ParameterSource,
  adapter: AdapterSource,
): HeadValues {
  return {
    module: head,
    weight: parameter(head.weight, [config.vocabularySize, config.hiddenSize]),
    lora: adapter(head),
  };
}

/** [N, H] for ids [N]: token embeddings, scaled, plus learned positions. */
function embed(
  builder: GraphBuilder,
  config: ModelConfig,
  plan: ModelPlan,
  parameter: ParameterSource,
  ids: Value,
  layout: FlatLayout,
): Value {
  const { hiddenSize: hidden } = config;
  const table = parameter(plan.embedding, [config.vocabularySize, hidden]);
  const tokens = builder.scale(builder.gatherRows(table, ids), config.embeddingScale);
  if (plan.positionEmbedding === undefined) return tokens;
  const learned = parameter(plan.positionEmbedding, [config.maximumPositions, hidden]);
  const positions = layout.at(builder.slice(learned, 0, 0, layout.positions));
  const added = builder.add(builder.reshape(tokens, [layout.batch, layout.length, hidden]), positions);
  return builder.reshape(added, [layout.batch * layout.length, hidden]);
}

/** Refuses rows that the model cannot compute. */
export function refuseLongRows(config: ModelConfig, length: number): void {
  if (config.lengthLimit === undefined || length <= config.lengthLimit) return;
  throw inputError(
    'rows-too-long',
    `Rows of ${length} tokens are longer than the ${config.lengthLimit} positions this model has.`,
    `Lower the maximum length (--max-length, maxLength of a recipe) to ${config.lengthLimit} or less.`,
  );
}
