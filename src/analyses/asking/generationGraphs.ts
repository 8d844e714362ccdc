import { GraphBuilder } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import { planMemory } from '../../graph/planMemory';
import { bindParameters } from '../../model/bindParameters';
import { buildDecodeStep, cacheInputs } from '../../model/buildDecodeStep';
import { observe } from '../../model/buildForward';
import { buildPrefill } from '../../model/buildPrefill';
import type { LanguageModel } from '../../model/openLanguageModel';
import { sessionMemory } from '../sessionMemory';

/** What of a model generation needs. */
export type GeneratingModel = Pick<LanguageModel, 'key' | 'label' | 'config' | 'adapter'> & {
  readonly text: Pick<LanguageModel['text'], 'stopTokens'>;
};

/** Static shapes of one answer: what its sessions are made for. */
export interface GenerationShape {
  readonly batch: number;
  /** Positions of the prefill. */
  readonly length: number;
  /** Tokens that all prompts begin with and the prefill computes once; fewer than the shortest has. */
  readonly shared: number;
  /** Positions of the cache. */
  readonly capacity: number;
  /** Prompt and answer together, at most: decides longrope's frequencies. */
  readonly sequenceLength: number;
  /** How the decoding session holds the weights: packing pays for long answers. */
  readonly weights: 'mapped' | 'packed';
}

/** Lengths are rounded up to this, so that like prompts share sessions. */
const lengthGrain = 32;
/** Positions a cache grows by. */
export const cacheGrain = 128;
/** With at least this many new tokens, packing the weights for narrow products is paid back. */
const packingPaysFrom = 48;

export function roundUp(value: number, grain: number): number {
  return Math.ceil(value / grain) * grain;
}

/** The shape of answers to prompts of up to `longest` tokens. */
export function generationShape(
  model: GeneratingModel,
  batch: number,
  longest: number,
  maxTokens: number,
): GenerationShape {
  const most = model.config.lengthLimit ?? Number.POSITIVE_INFINITY;
  return {
    batch,
    length: Math.min(roundUp(longest, lengthGrain), most),
    shared: 0,
    capacity: Math.min(roundUp(longest + Math.min(maxTokens, cacheGrain), cacheGrain), most),
    sequenceLength: longest + maxTokens,
    weights: maxTokens >= packingPaysFrom ? 'packed' : 'mapped',
  };
}

/** First pass: logits [B, V] after each prompt, `keys_i` and `values_i` of every layer. */
export function prefillGraph(
  model: GeneratingModel,
  { batch, length, shared, sequenceLength }: GenerationShape,
): Graph {
  const builder = new GraphBuilder();
  const graph = buildPrefill(builder, model.config, {
    inputIds: builder.input('input_ids', 'int64', [batch, length - shared]),
    ...(shared === 0 ? {} : { sharedIds: builder.input('shared_ids', 'int64', [shared]) }),
    lengths: builder.input('lengths', 'int64', [batch]),
    ...bindParameters(builder, model.adapter),
    intervene: observe,
    sequenceLength,
  });
  return builder.finish([
    { name: 'logits', value: graph.logits },
    ...graph.keys.map((value, layer) => ({ name: `keys_${layer}`, value })),
    ...graph.values.map((value, layer) => ({ name: `values_${layer}`, value })),
  ]);
}

/** One token: logits [B, V] and the new token's keys and values [layers, B, K, D]. */
export function decodeGraph(model: GeneratingModel, { batch, capacity, sequenceLength }: GenerationShape): Graph {
  const builder = new GraphBuilder();
  const step = buildDecodeStep(builder, model.config, {
    inputIds: builder.input('input_ids', 'int64', [batch]),
    positions: builder.input('positions', 'int64', [batch]),
    ...cacheInputs(builder, model.config, batch, capacity),
    ...bindParameters(builder, model.adapter),
    intervene: observe,
    sequenceLength,
  });
  const { logits, newKeys, newValues } = step;
  return builder.finish(Object.entries({ logits, newKeys, newValues }).map(([name, value]) => ({ name, value })));
}

/** Anonymous bytes of both sessions, feeds included. */
export function generationMemory(model: GeneratingModel, shape: GenerationShape): number {
  const decoding = sessionMemory(
    planMemory(decodeGraph(model, shape)),
    shape.weights === 'mapped' ? { kind: 'mapped' } : { kind: 'packed', read: 'forward' },
  );
  return decoding + sessionMemory(planMemory(prefillGraph(model, shape)), { kind: 'mapped' });
}
