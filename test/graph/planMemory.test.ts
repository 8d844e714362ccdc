import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as onnxruntime from 'onnxruntime-node';
import { GraphBuilder } from '../../src/graph/builder';
import { differentiate } from '../../src/graph/differentiate';
import { differentiateWithRecomputation } from '../../src/graph/differentiateWithRecomputation';
import { encode } from '../../src/graph/encode';
import { executionOrder } from '../../src/graph/executionOrder';
import { type Graph, sizeOf, type Value } from '../../src/graph/ir';
import { planMemory } from '../../src/graph/planMemory';
import { prepareGraph } from '../../src/graph/prepareGraph';
import { sessionOptions } from '../support/runOnnx';

interface Layers {
  readonly rows: number;
  readonly width: number;
  readonly layers: number;
}

/** A deep multi-layer perceptron with a wide inner value in each layer, and its loss. */
function perceptron({ rows, width, layers }: Layers) {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', [rows, width]);
  const weights = Array.from({ length: layers }, (_, i) => builder.input(`w${i}`, 'float32', [width, width]));
  const boundaries: Value[] = [];
  const output = weights.reduce<Value>((value, weight) => {
    boundaries.push(value);
    const inner = builder.unary('Sin', builder.gemm(value, weight, { transA: 'no', transB: 'yes' }));
    return builder.unary('Sin', builder.mul(inner, builder.unary('Cos', value)));
  }, x);
  const loss = builder.reduceSum(builder.mul(output, output), [0, 1], 'drop');
  return { builder, weights, boundaries, loss };
}

/** Loss and the squared norm of every weight's gradient, written after the whole walk. */
function gradientNorms(size: Layers, method: 'held' | 'recomputed'): Graph {
  const { builder, weights, boundaries, loss } = perceptron(size);
  const gradients =
    method === 'held'
      ? differentiate(builder, loss, weights)
      : differentiateWithRecomputation(builder, loss, weights, boundaries).gradients;
  const norms = gradients.map((gradient, i) => ({
    name: `norm ${i}`,
    value: builder.reduceSum(builder.mul(gradient, gradient), [0, 1], 'drop'),
  }));
  return builder.finish([{ name: 'loss', value: loss }, ...norms]);
}

function feedsOf(inputs: ReturnType<typeof encode>['inputs']) {
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i) / 50);
      return [name, new onnxruntime.Tensor('float32', data, [...shape])];
    }),
  );
}

function noWeights(): never {
  throw new Error('no weights here');
}

/** Outputs of nodes in the order in which onnxruntime ran them. */
async function profiledOrder(graph: Graph): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'whence-order-'));
  try {
    const { bytes, inputs } = encode(graph, noWeights);
    const options = { ...sessionOptions, enableProfiling: true, profileFilePrefix: path.join(folder, 'profile') };
    const session = await onnxruntime.InferenceSession.create(bytes, options);
    await session.run(feedsOf(inputs));
    session.endProfiling();
    await session.release();
    const [file] = readdirSync(folder);
    const events = JSON.parse(readFileSync(path.join(folder, file!), 'utf8')) as { cat: string; name: string }[];
    const suffix = '_kernel_time';
    return events
      .filter(({ cat, name }) => cat === 'Node' && name.endsWith(suffix))
      .map(({ name }) => name.slice(0, -suffix.length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Activations of 4 MB, so that what the process itself allocates meanwhile does not count. */
const large: Layers = { rows: 4096, width: 256, layers: 16 };

/** Anonymous memory that a process gains at most while it runs the graph. */
function residentDuringRun(graph: Graph): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'whence-memory-'));
  try {
    const model = path.join(folder, 'model.onnx');
    const { bytes, inputs } = encode(graph, noWeights);
    writeFileSync(model, bytes);
    const options = { ...sessionOptions, enableCpuMemArena: false };
    const script = 'test/support/measureRun.mjs';
    return Number(execFileSync(process.execPath, [script, model, JSON.stringify(inputs), JSON.stringify(options)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('planMemory', () => {
  for (const [name, graph] of [
    ['without anchors', gradientNorms({ rows: 2, width: 3, layers: 3 }, 'held')],
    ['with anchors', gradientNorms({ rows: 4096, width: 64, layers: 24 }, 'recomputed')],
  ] as const) {
    it(`onnxruntime runs nodes in the order that is planned, ${name}`, async () => {
      const { nodes } = prepareGraph(graph);
      assert.equal(
        nodes.some(({ opType }) => opType === 'Shape'),
        name === 'with anchors',
      );
      assert.deepEqual(
        await profiledOrder(graph),
        executionOrder(nodes).map(({ output }) => output),
      );
    });
  }

  it('reductions of weight gradients hold one gradient at a time, though all are written at the end', () => {
    const [rows, width, layers] = [4, 512, 24];
    const { peakBytes } = planMemory(gradientNorms({ rows, width, layers }, 'held'));
    const activations = 4 * rows * width * 5 * layers;
    const gradient = 4 * width * width;
    // The gradient and its square, twice over for buffers that wait to be reused; without order it is all 24.
    assert.ok(peakBytes <= activations + 4 * gradient, `${peakBytes / gradient} gradients`);
  });

  it('a chain that is done in place takes one buffer', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [100, 10]);
    const first = builder.unary('Neg', x);
    const chain = builder.unary('Tanh', builder.reshape(builder.unary('Sigmoid', first), [1000]));
    const y = builder.reduceSum(chain, [0], 'drop');
    assert.equal(planMemory(builder.finish([{ name: 'y', value: y }])).peakBytes, 4 * (1000 + 1));
  });

  it('a chain that is not takes two', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [1000]);
    const chain = builder.unary('Exp', builder.unary('Neg', builder.unary('Sin', builder.unary('Neg', x))));
    const y = builder.reduceSum(chain, [0], 'drop');
    assert.equal(planMemory(builder.finish([{ name: 'y', value: y }])).peakBytes, 4 * 2000);
  });

  it('outputs, inputs and constants are counted apart', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [10]);
    const y = builder.add(x, builder.constant('float32', [10], new Float32Array(10)));
    const plan = planMemory(builder.finish([{ name: 'y', value: y }]));
    assert.deepEqual([plan.inputBytes, plan.outputBytes, plan.constantBytes, plan.peakBytes], [40, 40, 40, 40]);
  });

  it('a run takes 70 to 100 % of the announced memory, and less than half with recomputation', function () {
    if (process.platform !== 'linux') this.skip();
    const [held, recomputed] = (['held', 'recomputed'] as const).map((method) => {
      const graph = gradientNorms(large, method);
      const resident = residentDuringRun(graph);
      const share = resident / planMemory(graph).residentBytes;
      assert.ok(share >= 0.7 && share <= 1, `${method}: ${share}`);
      return resident;
    });
    assert.ok(recomputed! <= 0.5 * held!, `${recomputed} of ${held}`);
  });
});
