import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GraphBuilder } from '../../src/graph/builder';
import { differentiate } from '../../src/graph/differentiate';
import type { Value } from '../../src/graph/ir';
import { verify } from '../../src/graph/verify';
import { checkGradients } from '../support/checkVjp';
import { interpretFloat64, type Tensor64, tensor64 } from '../support/interpretFloat64';
import { draw } from '../support/operatorCases';
import { seededRandom } from '../support/seededRandom';

type Step = (builder: GraphBuilder, pool: readonly Value[], choose: (below: number) => number) => Value;

/** Smooth steps whose values stay of size one; every one gives [2, 3], [3], [2, 1] or [3, 2]. */
const steps: readonly Step[] = [
  ...(['Add', 'Sub', 'Mul'] as const).map(
    (opType): Step =>
      (builder, pool, choose) => {
        const a = pool[choose(pool.length)]!;
        const fitting = pool.filter(({ shape }) => broadcasts(a, shape));
        return builder.apply(opType, [a, fitting[choose(fitting.length)]!], {});
      },
  ),
  (builder, pool, choose) => builder.unary('Tanh', pool[choose(pool.length)]!),
  (builder, pool, choose) => builder.unary('Sigmoid', pool[choose(pool.length)]!),
  (builder, pool, choose) => builder.unary('Sin', pool[choose(pool.length)]!),
  (builder, pool, choose) => {
    const x = builder.unary('Tanh', pool[choose(pool.length)]!);
    return builder.unary('Exp', x);
  },
  (builder, pool, choose) => {
    const x = pool[choose(pool.length)]!;
    return builder.div(x, builder.add(builder.mul(x, x), builder.scalar(1)));
  },
  (builder, pool, choose) => {
    const x = matrix(builder, pool, choose);
    return builder.softmax(x, choose(2));
  },
  (builder, pool, choose) => {
    const x = matrix(builder, pool, choose);
    return builder.sub(x, builder.reduceMean(x, [choose(2)], 'keep'));
  },
  (builder, pool, choose) => {
    const x = matrix(builder, pool, choose);
    return builder.sub(x, builder.reduceLogSumExp(x, choose(2)));
  },
  (builder, pool, choose) => {
    const x = builder.unary('Tanh', matrix(builder, pool, choose));
    return builder.gemm(builder.gemm(x, x, { transA: 'no', transB: 'yes' }), x, { transA: 'yes', transB: 'no' });
  },
  (builder, pool, choose) => builder.transpose(matrix(builder, pool, choose), [1, 0]),
  (builder, pool, choose) => {
    const x = matrix(builder, pool, choose);
    const cut = 1 + choose(2);
    return builder.concat([builder.slice(x, 1, cut, 3), builder.slice(x, 1, 0, cut)], 1);
  },
  (builder, pool, choose) => {
    const x = matrix(builder, pool, choose);
    return builder.gatherRows(x, builder.int64([choose(2), choose(2)], [2]));
  },
];

function broadcasts(a: Value, shape: readonly number[]): boolean {
  return (
    shape.length <= a.shape.length &&
    shape.every((extent, i) => {
      const other = a.shape[i - shape.length + a.shape.length]!;
      return extent === 1 || extent === other;
    })
  );
}

/** A [2, 3] matrix made of some value of the pool. */
function matrix(builder: GraphBuilder, pool: readonly Value[], choose: (below: number) => number): Value {
  const value = pool[choose(pool.length)]!;
  return value.shape.join() === '3,2' ? builder.reshape(value, [2, 3]) : builder.expand(value, [2, 3]);
}

describe('differentiate', () => {
  it('random graphs agree with finite differences, first and second order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(steps.length - 1), { minLength: 2, maxLength: 10 }), fc.nat(1e6), (chosen, seed) => {
        const random = seededRandom(seed);
        const choose = (below: number) => Math.floor(random.uniform() * below);
        const builder = new GraphBuilder();
        const shapes = { a: [2, 3], b: [3], c: [2, 1], d: [] };
        const feeds: Record<string, Tensor64> = {};
        const inputs = Object.entries(shapes).map(([name, shape]) => {
          feeds[name] = draw(random, { shape, domain: 'awayFromZero' });
          return builder.input(name, 'float32', shape);
        });
        const pool = [...inputs];
        for (const index of chosen) pool.push(steps[index]!(builder, pool, choose));
        const sum = (value: Value) => builder.reduceSum(value, [...value.shape.keys()], 'drop');
        const loss = pool
          .slice(-3)
          .map((value) => sum(builder.unary('Tanh', value)))
          .reduce((x, y) => builder.add(x, y));
        checkGradients(builder, loss, inputs, feeds, 'first order');
        const second = differentiate(builder, loss, inputs)
          .map((gradient) => sum(builder.unary('Sin', gradient)))
          .reduce((x, y) => builder.add(x, y));
        checkGradients(builder, second, inputs, feeds, 'second order');
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("a third derivative is right: (x^4)''' = 24 x", () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', []);
    const square = builder.mul(x, x);
    let y = builder.mul(square, square);
    for (let order = 0; order < 3; order += 1) [y] = differentiate(builder, y, [x]) as [Value];
    const result = interpretFloat64(builder.finish([{ name: 'y', value: y }]), { x: tensor64([], [1.5]) });
    assert.equal(result.y!.data[0], 36);
  });

  it('what the output does not depend on has a zero gradient', () => {
    const builder = new GraphBuilder();
    const [x, y] = [builder.input('x', 'float32', [2]), builder.input('y', 'float32', [2, 3])];
    const [gradient] = differentiate(builder, builder.reduceSum(x, [0], 'drop'), [y]);
    assert.deepEqual(gradient!.shape, [2, 3]);
    const result = interpretFloat64(builder.finish([{ name: 'g', value: gradient! }]), {});
    assert.deepEqual([...result.g!.data], [0, 0, 0, 0, 0, 0]);
  });

  it('StopGradient passes the value and stops the gradient', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', []);
    const [gradient] = differentiate(builder, builder.mul(x, builder.stopGradient(x)), [x]);
    const result = interpretFloat64(builder.finish([{ name: 'g', value: gradient! }]), { x: tensor64([], [3]) });
    assert.equal(result.g!.data[0], 3);
  });

  it('gradients with respect to intermediate values come out of the same walk', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [3]);
    const y = builder.unary('Tanh', x);
    const loss = builder.reduceSum(builder.mul(y, y), [0], 'drop');
    const [dx, dy] = differentiate(builder, loss, [x, y]) as [Value, Value];
    const graph = builder.finish([
      { name: 'dx', value: dx },
      { name: 'dy', value: dy },
      { name: 'y', value: y },
    ]);
    const result = interpretFloat64(graph, { x: tensor64([3], [0.1, -0.4, 2]) });
    for (const i of [0, 1, 2]) {
      const value = result.y!.data[i]!;
      assert.equal(result.dy!.data[i], 2 * value);
      assert.ok(Math.abs(result.dx!.data[i]! - 2 * value * (1 - value * value)) <= 1e-15);
    }
  });

  it('cotangents that nobody asked for are not computed', () => {
    const builder = new GraphBuilder();
    const [x, w] = [builder.input('x', 'float32', [4, 3]), builder.weight('w', [5, 3])];
    const y = builder.gemm(x, w, { transA: 'no', transB: 'yes' });
    const before = builder.allNodes().length;
    differentiate(builder, [{ output: y, cotangent: builder.input('g', 'float32', [4, 5]) }], [x]);
    assert.deepEqual(
      builder
        .allNodes()
        .slice(before)
        .map(({ opType }) => opType),
      ['Gemm'],
    );
  });

  it('weights are never transposed: gradients of linear layers are Gemm', () => {
    const builder = new GraphBuilder();
    for (const transA of ['no', 'yes'] as const) {
      for (const transB of ['no', 'yes'] as const) {
        const a = builder.input(`a ${transA} ${transB}`, 'float32', [3, 3]);
        const b = builder.weight(`b ${transA} ${transB}`, [3, 3]);
        const y = builder.gemm(a, b, { transA, transB });
        differentiate(
          builder,
          [{ output: y, cotangent: builder.input(`g ${transA} ${transB}`, 'float32', [3, 3]) }],
          [a, b],
        );
      }
    }
    assert.ok(builder.allNodes().every(({ opType }) => opType === 'Gemm'));
  });

  it('a gradient graph holds every invariant', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [4, 6]);
    const halves = builder.mul(builder.slice(x, 1, 0, 3), builder.slice(x, 1, 3, 6));
    const [gradient] = differentiate(builder, builder.reduceSum(halves, [0, 1], 'drop'), [x]);
    assert.deepEqual(verify(builder.finish([{ name: 'gradient', value: gradient! }])), []);
  });
});
