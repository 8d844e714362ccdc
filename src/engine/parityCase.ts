import { GraphBuilder } from '../graph/builder';
import { attention } from '../graph/compose/attention';
import { crossEntropy } from '../graph/compose/crossEntropy';
import { rmsNorm } from '../graph/compose/rmsNorm';
import { rotaryEmbedding } from '../graph/compose/rotaryEmbedding';
import { silu } from '../graph/compose/silu';
import { differentiate } from '../graph/differentiate';
import { encode } from '../graph/encode';
import type { Shape, Value } from '../graph/ir';
import { sizeOf } from '../graph/ir';
import { internalError } from '../protocol/errors';
import type { ParityCase } from '../runtime/measureParity';
import type { TensorData } from '../runtime/tensors';

const batch = 2;
const length = 7;
const vocabulary = 19;
const heads = 4;
const kvHeads = 2;
const headWidth = 6;
const width = heads * headWidth;
const inner = 40;

/**
 * A small language model with its gradients: embedding, one block (RMSNorm, rotary grouped-query attention, gated MLP),
 * cross entropy, and the gradient of every parameter. It holds what real graphs are made of, odd sizes and repeated
 * tokens included, so a device that computes it right can be trusted with them.
 */
export function parityCase(): ParityCase {
  const builder = new GraphBuilder();
  const feeds: Record<string, TensorData> = {};
  const random = sineNoise();
  const parameters: Value[] = [];
  const parameter = (name: string, shape: Shape, scale: number): Value => {
    feeds[name] = Float32Array.from({ length: sizeOf(shape) }, () => scale * random());
    const value = builder.input(name, 'float32', shape);
    parameters.push(value);
    return value;
  };
  const rows = batch * length;
  const ids = builder.input('ids', 'int64', [rows]);
  const targets = builder.input('targets', 'int64', [rows]);
  feeds.ids = BigInt64Array.from({ length: rows }, (_, i) => BigInt((i * i + 3) % vocabulary));
  feeds.targets = BigInt64Array.from({ length: rows }, (_, i) => BigInt((5 * i + 1) % vocabulary));

  const embedding = parameter('embedding', [vocabulary, width], 0.5);
  const linear = (x: Value, name: string, outputs: number): Value =>
    builder.gemm(x, parameter(name, [outputs, x.shape[1]!], 0.3), { transA: 'no', transB: 'yes' });

  const hidden = builder.gatherRows(embedding, ids);
  const attended = builder.add(
    hidden,
    selfAttention(builder, rmsNorm(builder, hidden, parameter('norm1', [width], 1), 1e-5), linear),
  );
  const normed = rmsNorm(builder, attended, parameter('norm2', [width], 1), 1e-5);
  const gated = builder.mul(silu(builder, linear(normed, 'gate', inner)), linear(normed, 'up', inner));
  const output = builder.add(attended, linear(gated, 'down', width));

  const weights = builder.constant(
    'float32',
    [rows],
    Float32Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? 0 : 1)),
  );
  const { losses } = crossEntropy(builder, {
    hidden: output,
    embedding,
    bias: undefined,
    targets,
    weights,
    logitSoftCap: undefined,
  });
  const gradients = differentiate(builder, builder.reduceSum(losses, [0], 'drop'), parameters);
  const outputs = [
    { name: 'losses', value: losses },
    ...parameters.map(({ name }, i) => ({ name: `d ${name}`, value: gradients[i]! })),
  ];
  const graph = encode(builder.finish(outputs), (name) => {
    throw internalError(`${name} is a weight of the parity graph`);
  });
  return { graph, feeds };
}

function selfAttention(
  builder: GraphBuilder,
  x: Value,
  linear: (x: Value, name: string, outputs: number) => Value,
): Value {
  const split = (value: Value, count: number): Value =>
    builder.transpose(builder.reshape(value, [batch, length, count, headWidth]), [0, 2, 1, 3]);
  const angle = (i: number) => Math.floor(i / (headWidth / 2)) / 10 ** (i % (headWidth / 2));
  const table = (of: (angle: number) => number): Value =>
    builder.constant(
      'float32',
      [length, headWidth / 2],
      Float32Array.from({ length: (length * headWidth) / 2 }, (_, i) => of(angle(i))),
    );
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  const mask = builder.constant(
    'float32',
    [1, 1, length, length],
    Float32Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? -1e9 : 0)),
  );
  const query = rotaryEmbedding(builder, split(linear(x, 'query', width), heads), cos, sin);
  const keys = rotaryEmbedding(builder, split(linear(x, 'key', kvHeads * headWidth), kvHeads), cos, sin);
  const { output } = attention(builder, {
    query,
    keysTransposed: builder.transposeLast(keys),
    values: split(linear(x, 'value', kvHeads * headWidth), kvHeads),
    mask,
    scale: 1 / Math.sqrt(headWidth),
    logitSoftCap: undefined,
  });
  const joined = builder.reshape(builder.transpose(output, [0, 2, 1, 3]), [batch * length, width]);
  return linear(joined, 'out', width);
}

/** Numbers in (-1, 1) that look random and are the same everywhere. */
function sineNoise(): () => number {
  let i = 0;
  return () => {
    i += 1;
    const x = Math.sin(i * 12.9898) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  };
}
