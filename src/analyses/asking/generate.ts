import { createRandom } from '../../linalg/random';
import { adapterFeeds } from '../../model/bindParameters';
import type { MappedWeights } from '../../model/checkpoint/types';
import {
  cacheFeeds,
  createKeyValueCache,
  grownKeyValueCache,
  type KeyValueCache,
  storePrefill,
  storeStep,
} from '../../model/keyValueCache';
import { internalError } from '../../protocol/errors';
import type { Sampling } from '../../protocol/requests';
import type { Session } from '../../runtime/openSession';
import type { SessionCache } from '../../runtime/sessionCache';
import { notFinite } from '../notFinite';
import { type ComputePlace, openModelSession } from '../openModelSession';
import { sharedStart } from '../passes/sharedStart';
import { type ChosenToken, chooseToken } from './chooseToken';
import {
  cacheGrain,
  decodeGraph,
  type GeneratingModel,
  type GenerationShape,
  generationShape,
  prefillGraph,
  roundUp,
} from './generationGraphs';
import { requireRoom } from './requireRoom';

export interface GenerationContext {
  readonly model: GeneratingModel;
  readonly weights: MappedWeights;
  readonly place: ComputePlace;
  readonly sessions: SessionCache;
  readonly sampling: Sampling;
  /** New tokens of each prompt at most, 1 or more. */
  readonly maxTokens: number;
  /** A shape with room for these prompts, for calls that are to share sessions; absent: one that fits this call. */
  readonly shape?: GenerationShape;
  /** Each new token as it comes; a stop token is not reported. */
  readonly onToken: (prompt: number, token: ChosenToken) => void;
}

export interface Continuation {
  /** New tokens, without the stop token that ended them. */
  readonly tokens: readonly ChosenToken[];
  readonly finish: 'stop' | 'length';
}

/**
 * Continues prompts, together, with a key/value cache. Each prompt draws from its own stream of random numbers, so that
 * its sampled answer does not depend on what else is asked.
 *
 * @param prompts token ids, at least one each
 */
export async function generate(prompts: readonly Int32Array[], context: GenerationContext): Promise<Continuation[]> {
  const { model, sampling, maxTokens } = context;
  const states = prompts.map((ids, prompt) => ({
    prompt,
    /** Tokens whose keys and values are in the cache. */
    position: ids.length,
    tokens: [] as ChosenToken[],
    finish: undefined as Continuation['finish'] | undefined,
    random: createRandom(sampling.kind === 'sampled' ? sampling.seed : 0, `sample ${prompt}`),
  }));
  type State = (typeof states)[number];
  const mostPositions = model.config.lengthLimit ?? Number.POSITIVE_INFINITY;
  const advance = (state: State, logits: Float32Array): void => {
    if (state.finish !== undefined) return;
    const token = chooseToken(logits, sampling, state.random);
    if (model.text.stopTokens.has(token.id)) {
      state.finish = 'stop';
      return;
    }
    state.tokens.push(token);
    context.onToken(state.prompt, token);
    if (state.tokens.length >= maxTokens || state.position >= mostPositions) state.finish = 'length';
  };

  const longest = Math.max(...prompts.map(({ length }) => length));
  requireRoom(longest, model);
  const shape = context.shape ?? generationShape(model, prompts.length, longest, maxTokens);
  if (shape.batch !== prompts.length || shape.length < longest) throw internalError('prompts outgrow the shape');
  const prefilled = await prefill(prompts, shape, context);
  let cache = prefilled.cache;
  let logits = prefilled.logits;
  for (;;) {
    if (logits.some((logit) => Number.isNaN(logit) || logit === Number.POSITIVE_INFINITY)) throw notFinite(model.label);
    for (const state of states) advance(state, rowOf(logits, state.prompt, prompts.length));
    if (states.every(({ finish }) => finish !== undefined)) break;
    const furthest = Math.max(...states.map(({ position }) => position));
    if (furthest >= cache.capacity) {
      cache = grownKeyValueCache(model.config, cache, Math.min(roundUp(furthest + 1, cacheGrain), mostPositions));
    }
    const step = await decode(cache, states, shape, context);
    storeStep(
      cache,
      step.newKeys as Float32Array,
      step.newValues as Float32Array,
      states.map(({ position }) => position),
    );
    logits = step.logits as Float32Array;
    // A row that has ended waits at its place: its cache entry is overwritten and never read for a result.
    for (const state of states) if (state.finish === undefined) state.position += 1;
  }
  return states.map(({ tokens, finish }) => {
    if (finish === undefined) throw internalError('a prompt was left unfinished');
    return { tokens, finish };
  });
}

/** longrope has two sets of frequencies; graphs of one set are not those of the other. */
function ropeVariant({ config }: GeneratingModel, { sequenceLength }: GenerationShape): string {
  return config.layers.map(({ rotary }) => (rotary?.long && sequenceLength > rotary.long.above ? 'l' : 's')).join('');
}

function rowOf(values: Float32Array, row: number, rows: number): Float32Array {
  const width = values.length / rows;
  return values.subarray(row * width, (row + 1) * width);
}

async function prefill(
  prompts: readonly Int32Array[],
  shape: GenerationShape,
  context: GenerationContext,
): Promise<{ readonly cache: KeyValueCache; readonly logits: Float32Array }> {
  const { model, sessions } = context;
  const { batch, length, shared, capacity } = shape;
  const key = `prefill ${model.key} ${batch} ${length} ${shared} ${ropeVariant(model, shape)}`;
  const session = await sessions.get(key, () =>
    openModelSession(prefillGraph(model, shape), context.weights, context.place, {
      weights: 'mapped',
      workspace: 'returned',
    }),
  );
  const own = length - shared;
  const inputIds = new BigInt64Array(batch * own);
  for (const [row, ids] of prompts.entries()) {
    for (const [t, id] of ids.subarray(shared).entries()) inputIds[row * own + t] = BigInt(id);
  }
  if (sharedStart(prompts) < shared) throw internalError('prompts begin unlike each other');
  const results = await session.run({
    input_ids: inputIds,
    lengths: BigInt64Array.from(prompts, (ids) => BigInt(ids.length - shared)),
    ...(shared === 0 ? {} : { shared_ids: BigInt64Array.from(prompts[0]!.subarray(0, shared), BigInt) }),
    ...feedsOf(session, model),
  });
  const cache = createKeyValueCache(model.config, batch, capacity);
  for (const layer of model.config.layers.keys()) {
    storePrefill(cache, layer, results[`keys_${layer}`] as Float32Array, results[`values_${layer}`] as Float32Array);
  }
  return { cache, logits: results.logits as Float32Array };
}

async function decode(
  cache: KeyValueCache,
  states: readonly { readonly position: number; readonly tokens: readonly ChosenToken[] }[],
  shape: GenerationShape,
  context: GenerationContext,
) {
  const { model, sessions } = context;
  const { weights } = shape;
  const key = `decode ${model.key} ${cache.batch} ${cache.capacity} ${weights} ${ropeVariant(model, shape)}`;
  const session = await sessions.get(key, () =>
    openModelSession(decodeGraph(model, { ...shape, capacity: cache.capacity }), context.weights, context.place, {
      weights,
      workspace: 'kept',
    }),
  );
  return session.run({
    // A prompt that stopped at once has no token yet; its row computes something that nobody reads.
    input_ids: BigInt64Array.from(states, ({ tokens }) => BigInt(tokens.at(-1)?.id ?? 0)),
    positions: BigInt64Array.from(states, ({ position }) => BigInt(position)),
    ...cacheFeeds(cache),
    ...feedsOf(session, model),
  });
}

function feedsOf(session: Session, { adapter }: GeneratingModel): Readonly<Record<string, Float32Array>> {
  return adapterFeeds(
    adapter,
    session.inputs.map(({ name }) => name),
  );
}
