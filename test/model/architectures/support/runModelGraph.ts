/** Runs graphs of models on onnxruntime's CPU provider, weights mapped from their safetensors file. */
import path from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { readSafetensorsHeader } from '../../../../src/data/safetensors/safetensorsHeader';
import { encode } from '../../../../src/graph/encode';
import type { ElementType, Graph } from '../../../../src/graph/ir';
import { readTensorFloat32 } from '../../../../src/model/checkpoint/readTensor';
import type { TensorLocation } from '../../../../src/model/checkpoint/types';

export type Feed = readonly number[] | Float32Array | BigInt64Array;
export type Feeds = Readonly<Record<string, Feed>>;

export interface ModelSession {
  run(feeds: Feeds): Promise<Readonly<Record<string, Float32Array | BigInt64Array>>>;
  release(): Promise<void>;
}

const options = {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'all',
  enableMemPattern: false,
  logSeverityLevel: 3,
} as const;

export async function openModelSession(
  graph: Graph,
  weights: ReadonlyMap<string, TensorLocation>,
): Promise<ModelSession> {
  const folder = path.dirname([...weights.values()][0]!.file);
  const { bytes, inputs } = encode(graph, (parameter) => {
    const location = weights.get(parameter);
    if (location === undefined) throw new Error(`no weight ${parameter}`);
    return { location: path.relative(folder, location.file), offset: location.offset, byteLength: location.byteLength };
  });
  const session = await onnxruntime.InferenceSession.create(bytes, {
    ...options,
    extra: { session: { model_external_initializers_file_folder_path: folder, disable_prepacking: '1' } },
  });
  return {
    run: async (feeds) => {
      const tensors = inputs.map(({ name, type, shape }) => {
        const feed = feeds[name];
        if (feed === undefined) throw new Error(`no feed ${name}`);
        return [name, new onnxruntime.Tensor(type, typed(type, feed), [...shape])] as const;
      });
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [name, data as Float32Array | BigInt64Array]),
      );
    },
    release: () => session.release(),
  };
}

export async function runModelGraph(
  graph: Graph,
  weights: ReadonlyMap<string, TensorLocation>,
  feeds: Feeds,
): Promise<Readonly<Record<string, Float32Array | BigInt64Array>>> {
  const session = await openModelSession(graph, weights);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function typed(type: ElementType, feed: Feed): Float32Array | BigInt64Array {
  if (feed instanceof Float32Array || feed instanceof BigInt64Array) return feed;
  return type === 'int64' ? BigInt64Array.from(feed, (value) => BigInt(value)) : Float32Array.from(feed);
}

/** All tensors of a small safetensors file. */
export async function readAllTensors(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const { tensors } = await readSafetensorsHeader(file);
  const entries = [...tensors.values()].map(
    async (location): Promise<[string, Float32Array]> => [location.name, await readTensorFloat32(location)],
  );
  return new Map(await Promise.all(entries));
}

/** Largest absolute difference / largest absolute reference value; infinite where a number is not finite. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values for ${expected.length}`);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    difference = Number.isFinite(gap) ? Math.max(difference, gap) : Number.POSITIVE_INFINITY;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference === 0 ? 0 : difference / scale;
}
