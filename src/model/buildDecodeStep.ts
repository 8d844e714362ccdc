/**
 * One token for every row of a batch, reading the keys and values of earlier positions from feeds.
 *
 * The cache belongs to the caller: feeds are read where they lie, while every output is copied out of a session. So a
 * step gives the new token's keys and values only, and attends to the cache and to the new token apart: scores of
 * both go through one softmax, and neither keys nor values are ever concatenated.
 *
 * Symbols: B rows, C capacity of the cache, K key/value heads, G query heads per key/value head, D head size.
 */
import type { GraphBuilder } from '../graph/builder';
import { rotaryEmbedding } from '../graph/compose/rotaryEmbedding';
import { softCap } from '../graph/compose/softCap';
import type { Value } from '../graph/ir';
import { internalError } from '../protocol/errors';
import { masked } from './architectures/causalMask';
import { type AdapterSource, multiplyFewRows, type ParameterSource } from './architectures/linear';
import { rotaryTables } from './architectures/rotaryTables';
import { type HeadsInput, type Intervention, runStack } from './architectures/stack';
import { headValues, refuseLongRows } from './buildForward';
import { buildLogits } from './buildLogits';
import type { LayerConfig, ModelConfig } from './modelConfig';
import { type ModelPlan, modelPlan } from './modelPlan';

export interface DecodeStepOptions {
  /** [B] int64, the tokens to go on from. */
  readonly inputIds: Value;
  /** [B] int64, the position of each of them: the number of tokens before it, less than C. */
  readonly positions: Value;
  /** Of each layer, [B, K, D, C]: keys of positions before `positions`; what lies from there on is not read. */
  readonly keyCaches: readonly Value[];
  /** Of each layer, [B, K, C, D]; all finite, also where it is not read. */
  readonly valueCaches: readonly Value[];
  readonly parameter: ParameterSource;
  readonly adapter: AdapterSource;
  readonly intervene: Intervention;
  /** As for the prefill: the longest sequence that will be decoded decides longrope's frequencies. */
  readonly sequenceLength: number;
}

export interface DecodeStepGraph {
  /** [B, V] */
  readonly logits: Value;
  /** [B] int64, the most likely next token. */
  readonly nextIds: Value;
  /** [layers, B, K, D], rotated keys of the new tokens. */
  readonly newKeys: Value;
  /** [layers, B, K, D] */
  readonly newValues: Value;
}

/** Names and shapes of the cache feeds of a model. */
export function cacheInputs(
  builder: GraphBuilder,
  { layers, keyValueHeadCount, headSize }: ModelConfig,
  batch: number,
  capacity: number,
): Pick<DecodeStepOptions, 'keyCaches' | 'valueCaches'> {
  const feed = (name: string, shape: readonly number[]): readonly Value[] =>
    layers.map((_, layer) => builder.input(`${name}_${layer}`, 'float32', shape));
  return {
    keyCaches: feed('key_cache', [batch, keyValueHeadCount, headSize, capacity]),
    valueCaches: feed('value_cache', [batch, keyValueHeadCount, capacity, headSize]),
  };
}

/** One decoding step. */
export function buildDecodeStep(
  builder: GraphBuilder,
  config: ModelConfig,
  options: DecodeStepOptions,
): DecodeStepGraph {
  const { parameter, adapter, positions } = options;
  const batch = options.inputIds.shape[0]!;
  const capacity = options.keyCaches[0]?.shape[3];
  if (capacity === undefined) throw internalError('a decoding step without caches');
  refuseLongRows(config, capacity);

  const plan = modelPlan(config);
  const tables = rotaryTables(builder, config, capacity, options.sequenceLength);
  const newKeys: Value[] = [];
  const newValues: Value[] = [];

  const states = runStack(
    {
      builder,
      config,
      plan,
      batch,
      length: 1,
      parameter,
      adapter,
      multiply: multiplyFewRows,
      record: () => undefined,
      intervene: options.intervene,
      rotate: (x, layer) => {
        const table = tables(layer);
        if (table === undefined) return x;
        const at = (values: Value): Value => {
          const pairs = values.shape[2]!;
          return builder.reshape(builder.gatherRows(values, positions), [batch, 1, 1, pairs]);
        };
        return rotaryEmbedding(builder, x, at(table.cos), at(table.sin));
      },
      attend: (input, layer) => {
        newKeys.push(input.key);
        newValues.push(input.value);
        const caches = { keys: options.keyCaches[layer]!, values: options.valueCaches[layer]! };
        return attendToCache(builder, config, config.layers[layer]!, input, caches, positions);
      },
    },
    embedTokens(builder, config, plan, options),
  );
  const logits = buildLogits(builder, config, headValues(config, plan, parameter, adapter), states);
  const { keyValueHeadCount, headSize } = config;
  const stacked = (values: readonly Value[]): Value =>
    builder.concat(
      values.map((value) => builder.reshape(value, [1, batch, keyValueHeadCount, headSize])),
      0,
    );
  return {
    logits,
    nextIds: builder.argMax(logits, 1),
    newKeys: stacked(newKeys),
    newValues: stacked(newValues),
  };
}

/** [B, H] */
function embedTokens(
  builder: GraphBuilder,
  config: ModelConfig,
  plan: ModelPlan,
  { parameter, inputIds, positions }: DecodeStepOptions,
): Value {
  const { hiddenSize: hidden, vocabularySize, maximumPositions } = config;
  const table = parameter(plan.embedding, [vocabularySize, hidden]);
  const tokens = builder.scale(builder.gatherRows(table, inputIds), config.embeddingScale);
  if (plan.positionEmbedding === undefined) return tokens;
  const learned = parameter(plan.positionEmbedding, [maximumPositions, hidden]);
  return builder.add(tokens, builder.gatherRows(learned, positions));
}

/** [B, heads D] */
function attendToCache(
  builder: GraphBuilder,
  { headCount, keyValueHeadCount, headSize, attentionSoftCap }: ModelConfig,
  { window, attentionScale }: LayerConfig,
  { query, key, value }: HeadsInput,
  caches: { readonly keys: Value; readonly values: Value },
  positions: Value,
): Value {
  const batch = query.shape[0]!;
  const capacity = caches.keys.shape[3]!;
  const group = headCount / keyValueHeadCount;
  const folded = builder.reshape(builder.scale(query, attentionScale), [batch, keyValueHeadCount, group, headSize]);
  const newKey = builder.reshape(key, [batch, keyValueHeadCount, headSize, 1]);
  const newValue = builder.reshape(value, [batch, keyValueHeadCount, 1, headSize]);

  const capped = (scores: Value): Value => softCap(builder, scores, attentionSoftCap);
  const mask = cacheMask(builder, positions, batch, capacity, window);
  const old = builder.add(capped(builder.matMul(folded, caches.keys)), mask);
  const own = capped(builder.matMul(folded, newKey));
  const probabilities = builder.softmax(builder.concat([old, own], 3), 3);
  const mixed = builder.add(
    builder.matMul(builder.slice(probabilities, 3, 0, capacity), caches.values),
    builder.mul(builder.slice(probabilities, 3, capacity, capacity + 1), newValue),
  );
  return builder.reshape(mixed, [batch, headCount * headSize]);
}

/** [B, 1, 1, C], 0 at positions before the row's own (and within the window), else `masked`. */
function cacheMask(
  builder: GraphBuilder,
  positions: Value,
  batch: number,
  capacity: number,
  window: number | undefined,
): Value {
  const own = builder.reshape(builder.cast(positions, 'float32'), [batch, 1, 1, 1]);
  const columns = cacheColumns(builder, capacity);
  const hidden = (condition: Value): Value => builder.where(condition, builder.scalar(masked), builder.scalar(0));
  const unwritten = hidden(builder.compare('Greater', columns, builder.sub(own, builder.scalar(1))));
  if (window === undefined) return unwritten;
  return builder.add(unwritten, hidden(builder.compare('Less', columns, builder.sub(own, builder.scalar(window - 1)))));
}

/** 0 ... C - 1 as [1, 1, 1, C]; one value however many layers ask. */
function cacheColumns(builder: GraphBuilder, capacity: number): Value {
  const range = builder.int64(
    Array.from({ length: capacity }, (_, i) => i),
    [1, 1, 1, capacity],
  );
  return builder.cast(range, 'float32');
}
