import assert from 'node:assert/strict';
import { GraphBuilder } from '../../src/graph/builder';
import { rmsNorm } from '../../src/graph/compose/rmsNorm';
import { silu } from '../../src/graph/compose/silu';
import { differentiate } from '../../src/graph/differentiate';
import { differentiateWithRecomputation } from '../../src/graph/differentiateWithRecomputation';
import type { Graph, Value } from '../../src/graph/ir';
import { planMemory } from '../../src/graph/planMemory';
import { verify } from '../../src/graph/verify';
import { interpretFloat64, type Tensor64 } from '../support/interpretFloat64';
import { draw } from '../support/operatorCases';
import { runOnnx } from '../support/runOnnx';
import { seededRandom } from '../support/seededRandom';

interface Size {
  readonly rows: number;
  readonly width: number;
  readonly layers: number;
}

/** Residual layers that all read one table made before the first of them. */
function network({ rows, width, layers }: Size) {
  const builder = new GraphBuilder();
  const random = seededRandom(8);
  const feeds: Record<string, Tensor64> = {};
  const real = (name: string, ...shape: number[]): Value => {
    const tensor = draw(random, { shape, domain: 'real' });
    feeds[name] = { ...tensor, data: tensor.data.map((value) => value / Math.sqrt(width)) };
    return builder.input(name, 'float32', shape);
  };
  const parameters: Value[] = [];
  const parameter = (name: string, ...shape: number[]): Value => {
    const value = real(name, ...shape);
    parameters.push(value);
    return value;
  };
  const table = builder.unary('Cos', real('angles', 1, width));
  let x = builder.mul(real('x', rows, width), table);
  const boundaries: Value[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    boundaries.push(x);
    const normed = builder.mul(rmsNorm(builder, x, parameter(`norm ${layer}`, width), 1e-5), table);
    const up = builder.gemm(normed, parameter(`up ${layer}`, 2 * width, width), { transA: 'no', transB: 'yes' });
    const down = builder.gemm(silu(builder, up), parameter(`down ${layer}`, width, 2 * width), {
      transA: 'no',
      transB: 'yes',
    });
    x = builder.add(x, down);
  }
  const loss = builder.reduceMean(builder.mul(x, x), [0, 1], 'drop');
  return { builder, feeds, parameters, boundaries, loss };
}

type Method = 'held' | 'recomputed';

function gradientGraph(
  size: Size,
  method: Method,
): { readonly graph: Graph; readonly feeds: Record<string, Tensor64> } {
  const { builder, feeds, parameters, boundaries, loss } = network(size);
  const gradients =
    method === 'held'
      ? differentiate(builder, loss, parameters)
      : differentiateWithRecomputation(builder, loss, parameters, boundaries).gradients;
  const outputs = gradients.map((value, i) => ({ name: `gradient of ${parameters[i]!.name}`, value }));
  return { graph: builder.finish([{ name: 'loss', value: loss }, ...outputs]), feeds };
}

describe('recomputation', () => {
  const small: Size = { rows: 5, width: 6, layers: 4 };

  it('gives the same gradients to the last bit in onnxruntime', async () => {
    const [held, recomputed] = (['held', 'recomputed'] as const).map((method) => gradientGraph(small, method));
    assert.deepEqual(await runOnnx(recomputed!.graph, recomputed!.feeds), await runOnnx(held!.graph, held!.feeds));
  });

  it('gives a sound graph', () => {
    assert.deepEqual(verify(gradientGraph(small, 'recomputed').graph), []);
  });

  it('computes every layer but the last once more, and nothing else', () => {
    const count = (method: Method) =>
      gradientGraph(small, method).graph.nodes.filter(({ opType }) => opType === 'Sigmoid').length;
    assert.deepEqual([count('held'), count('recomputed')], [4, 7]);
    const cosines = gradientGraph(small, 'recomputed').graph.nodes.filter(({ opType }) => opType === 'Cos');
    assert.equal(cosines.length, 1);
  });

  it('takes the memory of the boundaries and one layer', () => {
    const size: Size = { rows: 4096, width: 64, layers: 16 };
    const peak = (method: Method) => planMemory(gradientGraph(size, method).graph).peakBytes;
    const boundary = 4 * size.rows * size.width;
    // A layer holds about a dozen values of its width or twice that.
    assert.ok(peak('recomputed') <= (size.layers + 32) * boundary, `${peak('recomputed') / boundary}`);
    assert.ok(peak('recomputed') <= 0.4 * peak('held'), `${peak('recomputed') / peak('held')}`);
  });

  it('gives the inputs of layers as the backward pass has them', () => {
    const { builder, feeds, boundaries, loss, parameters } = network(small);
    const inner = builder
      .allNodes()
      .filter(({ opType }) => opType === 'Sigmoid')
      .map(({ output }) => output);
    const { recomputed } = differentiateWithRecomputation(builder, loss, parameters, boundaries);
    const copies = inner.map(recomputed);
    assert.deepEqual(
      copies.map((copy, i) => copy === inner[i]),
      [false, false, false, true],
    );
    const outputs = [...inner, ...copies].map((value, i) => ({ name: `${i}`, value }));
    const distinct = outputs.filter(({ value }, i) => outputs.findIndex((other) => other.value === value) === i);
    const values = interpretFloat64(builder.finish(distinct), feeds);
    for (const i of [0, 1, 2]) assert.deepEqual(values[i + 4], values[i]);
  });

  it('can be differentiated again', () => {
    const results = (['held', 'recomputed'] as const).map((method) => {
      const { builder, feeds, parameters, boundaries, loss } = network({ rows: 2, width: 3, layers: 2 });
      const gradients =
        method === 'held'
          ? differentiate(builder, loss, parameters)
          : differentiateWithRecomputation(builder, loss, parameters, boundaries).gradients;
      const norm = gradients
        .map((value) => builder.reduceSum(builder.mul(value, value), [...value.shape.keys()], 'drop'))
        .reduce((a, b) => builder.add(a, b));
      const second = differentiate(builder, norm, parameters).map((value, i) => ({ name: `${i}`, value }));
      return interpretFloat64(builder.finish(second), feeds);
    });
    for (const [name, { data }] of Object.entries(results[0]!)) {
      const largest = data.reduce((most, value, i) => Math.max(most, Math.abs(value - results[1]![name]!.data[i]!)), 0);
      // Both are float64; only the order of sums differs.
      assert.ok(largest <= 1e-12, `${name}: ${largest}`);
    }
  });

  it('boundaries out of order are refused', () => {
    const { builder, boundaries, loss, parameters } = network(small);
    assert.throws(
      () => differentiateWithRecomputation(builder, loss, parameters, [...boundaries].reverse()),
      /is made before/,
    );
  });
});
