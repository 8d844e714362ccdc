import { internalError } from '../protocol/errors';
import type { ModelConfig } from './modelConfig';

/** Keys and values of decoded positions, laid out as the decoding step reads them. */
export interface KeyValueCache {
  readonly batch: number;
  /** Positions there is room for. */
  readonly capacity: number;
  readonly heads: number;
  readonly headSize: number;
  /** Of each layer, [B, K, D, C]. */
  readonly keys: readonly Float32Array[];
  /** Of each layer, [B, K, C, D]. */
  readonly values: readonly Float32Array[];
}

/** An empty cache; bytes: 8 layers B K D C. */
export function createKeyValueCache(config: ModelConfig, batch: number, capacity: number): KeyValueCache {
  const { keyValueHeadCount: heads, headSize, layers } = config;
  const size = batch * heads * headSize * capacity;
  return {
    batch,
    capacity,
    heads,
    headSize,
    keys: layers.map(() => new Float32Array(size)),
    values: layers.map(() => new Float32Array(size)),
  };
}

/**
 * Takes over what a prefill of T positions gave for one layer: keys [B, K, D, T], values [B, K, T, D]. Padded positions
 * come along; the step never reads them and later tokens overwrite them.
 */
export function storePrefill(cache: KeyValueCache, layer: number, keys: Float32Array, values: Float32Array): void {
  const { batch, heads, headSize, capacity } = cache;
  const length = keys.length / (batch * heads * headSize);
  if (!Number.isInteger(length) || values.length !== keys.length) throw internalError(`prefill of ${length} positions`);
  const kept = Math.min(length, capacity);
  const keyCache = cache.keys[layer]!;
  const valueCache = cache.values[layer]!;
  for (let line = 0; line < batch * heads * headSize; line += 1) {
    keyCache.set(keys.subarray(line * length, line * length + kept), line * capacity);
  }
  for (let head = 0; head < batch * heads; head += 1) {
    const start = head * length * headSize;
    valueCache.set(values.subarray(start, start + kept * headSize), head * capacity * headSize);
  }
}

/** Adds a step's keys and values, both [layers, B, K, D], at each row's position. */
export function storeStep(
  cache: KeyValueCache,
  keys: Float32Array,
  values: Float32Array,
  positions: readonly number[],
): void {
  const { batch, heads, headSize, capacity } = cache;
  for (const position of positions) {
    if (!(position >= 0 && position < capacity)) throw internalError(`position ${position} of a cache of ${capacity}`);
  }
  const perLayer = batch * heads * headSize;
  cache.keys.forEach((keyCache, layer) => {
    const valueCache = cache.values[layer]!;
    for (let head = 0; head < batch * heads; head += 1) {
      const position = positions[Math.floor(head / heads)]!;
      const source = layer * perLayer + head * headSize;
      for (let i = 0; i < headSize; i += 1) keyCache[(head * headSize + i) * capacity + position] = keys[source + i]!;
      valueCache.set(values.subarray(source, source + headSize), (head * capacity + position) * headSize);
    }
  });
}

/** The same contents with room for more positions. */
export function grownKeyValueCache(config: ModelConfig, cache: KeyValueCache, capacity: number): KeyValueCache {
  if (capacity < cache.capacity) throw internalError(`a cache of ${cache.capacity} does not shrink to ${capacity}`);
  const grown = createKeyValueCache(config, cache.batch, capacity);
  cache.keys.forEach((keys, layer) => {
    storePrefill(grown, layer, keys, cache.values[layer]!);
  });
  return grown;
}

/** Feeds of the decoding step by the names of `cacheInputs`. */
export function cacheFeeds({ keys, values }: KeyValueCache): Readonly<Record<string, Float32Array>> {
  return Object.fromEntries([
    ...keys.map((data, layer) => [`key_cache_${layer}`, data] as const),
    ...values.map((data, layer) => [`value_cache_${layer}`, data] as const),
  ]);
}
