/** Runs encoded graphs on onnxruntime's CPU provider, for tests that compare it with the float64 interpreter. */
import * as onnxruntime from 'onnxruntime-node';
import { encode } from '../../src/graph/encode';
import { type ElementType, type Graph, type Shape, sizeOf } from '../../src/graph/ir';
import { type Tensor64, tensor64 } from './interpretFloat64';

type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

const toData: { readonly [T in ElementType]: (data: Float64Array) => TensorData } = {
  float32: (data) => Float32Array.from(data),
  int64: (data) => BigInt64Array.from(data, (value) => BigInt(value)),
  int32: (data) => Int32Array.from(data),
  bool: (data) => Uint8Array.from(data),
};

function noWeights(parameter: string): never {
  throw new Error(`weight ${parameter} in a test graph: use an input`);
}

export const sessionOptions: onnxruntime.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'disabled',
  enableMemPattern: false,
  logSeverityLevel: 3,
};

/** Outputs by name; float32 arithmetic, values widened. */
export async function runOnnx(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor64>>,
): Promise<Readonly<Record<string, Tensor64>>> {
  const { bytes, inputs, outputs } = encode(graph, noWeights);
  const session = await onnxruntime.InferenceSession.create(bytes, sessionOptions);
  try {
    const results = await session.run(
      Object.fromEntries(
        inputs.map(({ name, type, shape }) => [
          name,
          new onnxruntime.Tensor(type, toData[type](feeds[name]!.data), [...shape]),
        ]),
      ),
    );
    return Object.fromEntries(outputs.map(({ name, shape }) => [name, widened(shape, results[name]!)]));
  } finally {
    await session.release();
  }
}

function widened(shape: Shape, { dims, data }: onnxruntime.Tensor): Tensor64 {
  if (dims.join() !== shape.join()) throw new Error(`onnxruntime gave [${dims}] for [${shape}]`);
  if (data.length !== sizeOf(shape)) throw new Error(`onnxruntime gave ${data.length} elements for [${shape}]`);
  return tensor64(shape, Array.from(data as ArrayLike<number | bigint>, Number));
}
