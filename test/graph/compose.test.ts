import assert from 'node:assert/strict';
import { GraphBuilder } from '../../src/graph/builder';
import { attention } from '../../src/graph/compose/attention';
import { crossEntropy } from '../../src/graph/compose/crossEntropy';
import { gelu } from '../../src/graph/compose/gelu';
import { layerNorm } from '../../src/graph/compose/layerNorm';
import { logSumExp } from '../../src/graph/compose/logSumExp';
import { rmsNorm } from '../../src/graph/compose/rmsNorm';
import { rotaryEmbedding } from '../../src/graph/compose/rotaryEmbedding';
import { silu } from '../../src/graph/compose/silu';
import { vocabularyBlocks } from '../../src/graph/compose/vocabularyBlocks';
import { differentiate } from '../../src/graph/differentiate';
import type { Shape, Value } from '../../src/graph/ir';
import { checkGradients } from '../support/checkVjp';
import { relativeError } from '../support/finiteDifferences';
import { erf, interpretFloat64, type Tensor64, tensor64 } from '../support/interpretFloat64';
import { draw } from '../support/operatorCases';
import { seededRandom } from '../support/seededRandom';

/** float32 constants such as 1/sqrt(2) are off by 3e-8 relative. */
const tolerance = 1e-6;

class Case {
  readonly builder = new GraphBuilder();
  readonly feeds: Record<string, Tensor64> = {};
  private readonly random = seededRandom(4);

  real(name: string, ...shape: number[]): Value {
    this.feeds[name] = draw(this.random, { shape, domain: 'real' });
    return this.builder.input(name, 'float32', shape);
  }
  indices(name: string, below: number, ...shape: number[]): Value {
    this.feeds[name] = draw(this.random, { shape, domain: { type: 'int64', below } });
    return this.builder.input(name, 'int64', shape);
  }
  evaluate(value: Value): Tensor64 {
    return interpretFloat64(this.builder.finish([{ name: 'y', value }]), this.feeds).y!;
  }
  /** Gradients of <weights, value>, first order, and of their squared norm, second order. */
  checkGradients(value: Value, wrt: readonly Value[]): void {
    const { builder } = this;
    const sum = (x: Value) => builder.reduceSum(x, [...x.shape.keys()], 'drop');
    const scalar = sum(builder.mul(value, this.real(`weights of ${value.name}`, ...value.shape)));
    checkGradients(builder, scalar, wrt, this.feeds, 'first order');
    const norm = differentiate(builder, scalar, wrt)
      .map((gradient) => sum(builder.mul(gradient, gradient)))
      .reduce((a, b) => builder.add(a, b));
    checkGradients(builder, norm, wrt, this.feeds, 'second order');
  }
}

function close(actual: Tensor64, shape: Shape, expected: ArrayLike<number>): void {
  assert.ok(relativeError(actual, tensor64(shape, expected), 1e-3) <= tolerance, `${actual.data}`);
}

function rowsOf({ shape, data }: Tensor64): number[][] {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('compositions', () => {
  it('rmsNorm divides by the root mean square, and its gradients hold to second order', () => {
    const test = new Case();
    const [x, weight] = [test.real('x', 3, 5), test.real('w', 5)];
    const y = rmsNorm(test.builder, x, weight, 0.125);
    const expected = rowsOf(test.feeds.x!).flatMap((row) => {
      const deviation = Math.sqrt(mean(row.map((value) => value * value)) + 0.125);
      return row.map((value, i) => (test.feeds.w!.data[i]! * value) / deviation);
    });
    close(test.evaluate(y), [3, 5], expected);
    test.checkGradients(y, [x, weight]);
  });

  it('layerNorm centres and scales with the biased variance, and its gradients hold to second order', () => {
    const test = new Case();
    const [x, weight, bias] = [test.real('x', 3, 5), test.real('w', 5), test.real('b', 5)];
    const y = layerNorm(test.builder, x, weight, bias, 0.125);
    const expected = rowsOf(test.feeds.x!).flatMap((row) => {
      const centred = row.map((value) => value - mean(row));
      const deviation = Math.sqrt(mean(centred.map((value) => value * value)) + 0.125);
      return centred.map((value, i) => (test.feeds.w!.data[i]! * value) / deviation + test.feeds.b!.data[i]!);
    });
    close(test.evaluate(y), [3, 5], expected);
    test.checkGradients(y, [x, weight, bias]);
  });

  const activations: readonly [string, (builder: GraphBuilder, x: Value) => Value, (x: number) => number][] = [
    ['gelu, erf', (builder, x) => gelu(builder, x, 'erf'), (x) => (x / 2) * (1 + erf(x * Math.SQRT1_2))],
    [
      'gelu, tanh',
      (builder, x) => gelu(builder, x, 'tanh'),
      (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    ],
    ['silu', silu, (x) => x / (1 + Math.exp(-x))],
  ];
  for (const [name, build, expected] of activations) {
    it(`${name} is its formula, and its gradients hold to second order`, () => {
      const test = new Case();
      const x = test.real('x', 7);
      const y = build(test.builder, x);
      close(test.evaluate(y), [7], test.feeds.x!.data.map(expected));
      test.checkGradients(y, [x]);
    });
  }

  for (const [name, half] of [
    ['whole', 3],
    ['partial', 2],
  ] as const) {
    it(`rotaryEmbedding turns pairs (i, i + r/2), ${name} rotation; its gradient is a rotation without zeros added`, () => {
      const test = new Case();
      const x = test.real('x', 2, 4, 6);
      const [cos, sin] = [test.real('cos', 4, half), test.real('sin', 4, half)];
      const y = rotaryEmbedding(test.builder, x, cos, sin);
      const expected = rowsOf(test.feeds.x!).flatMap((row, index) =>
        row.map((value, i) => {
          if (i >= 2 * half) return value;
          const pair = (index % 4) * half + (i % half);
          const [c, s] = [test.feeds.cos!.data[pair]!, test.feeds.sin!.data[pair]!];
          return i < half ? value * c - row[i + half]! * s : value * c + row[i - half]! * s;
        }),
      );
      close(test.evaluate(y), [2, 4, 6], expected);
      test.checkGradients(y, [x, cos, sin]);
      const [gradient] = differentiate(test.builder, [{ output: y, cotangent: test.real('g', 2, 4, 6) }], [x]);
      const operators = test.builder.finish([{ name: 'g', value: gradient! }]).nodes.map(({ opType }) => opType);
      assert.ok(!operators.includes('Pad'), operators.join());
    });
  }

  for (const logitSoftCap of [undefined, 2.5]) {
    it(`attention lets each group of query heads read its key head, soft cap ${logitSoftCap}`, () => {
      const test = new Case();
      const [batch, heads, kvHeads, rows, columns, width, valueWidth] = [2, 4, 2, 3, 5, 2, 3];
      const query = test.real('q', batch, heads, rows, width);
      const keysTransposed = test.real('k', batch, kvHeads, width, columns);
      const values = test.real('v', batch, kvHeads, columns, valueWidth);
      const mask = test.real('m', batch, 1, rows, columns);
      const { output, probabilities } = attention(test.builder, {
        query,
        keysTransposed,
        values,
        mask,
        scale: 0.7,
        logitSoftCap,
      });
      const { q, k, v, m } = test.feeds as Readonly<Record<'q' | 'k' | 'v' | 'm', Tensor64>>;
      const expected: number[] = [];
      for (let b = 0; b < batch; b += 1) {
        for (let h = 0; h < heads; h += 1) {
          const kv = b * kvHeads + Math.floor(h / (heads / kvHeads));
          for (let t = 0; t < rows; t += 1) {
            const scores = Array.from({ length: columns }, (_, s) => {
              let dot = 0;
              for (let d = 0; d < width; d += 1)
                dot += q.data[((b * heads + h) * rows + t) * width + d]! * k.data[(kv * width + d) * columns + s]!;
              const scaled = 0.7 * dot;
              const capped = logitSoftCap === undefined ? scaled : logitSoftCap * Math.tanh(scaled / logitSoftCap);
              return Math.exp(capped + m.data[(b * rows + t) * columns + s]!);
            });
            const total = scores.reduce((a, c) => a + c, 0);
            for (let e = 0; e < valueWidth; e += 1)
              expected.push(
                scores.reduce(
                  (sum, score, s) => sum + (score / total) * v.data[(kv * columns + s) * valueWidth + e]!,
                  0,
                ),
              );
          }
        }
      }
      close(test.evaluate(output), [batch, heads, rows, valueWidth], expected);
      assert.deepEqual(probabilities.shape, [batch, heads, rows, columns]);
      test.checkGradients(output, [query, keysTransposed, values]);
    });
  }

  for (const logitSoftCap of [undefined, 1.5]) {
    for (const biased of ['with a bias', 'without a bias'] as const) {
      it(`crossEntropy is the weighted negative log softmax of the target, ${biased}, soft cap ${logitSoftCap}`, () => {
        const test = new Case();
        const [hidden, embedding] = [test.real('h', 3, 2), test.real('e', 5, 2)];
        const bias = biased === 'with a bias' ? test.real('b', 5) : undefined;
        const weights = test.real('w', 3);
        const targets = test.indices('t', 5, 3);
        const { logits, losses, logProbabilities } = crossEntropy(test.builder, {
          hidden,
          embedding,
          bias,
          targets,
          weights,
          logitSoftCap,
        });
        const expected = rowsOf(test.evaluate(logits)).map((row, i) => {
          const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
          return Math.log(Math.exp(row[test.feeds.t!.data[i]!]!) / total);
        });
        close(test.evaluate(logProbabilities), [3], expected);
        close(
          test.evaluate(losses),
          [3],
          expected.map((value, i) => -value * test.feeds.w!.data[i]!),
        );
        test.checkGradients(losses, bias === undefined ? [hidden, embedding] : [hidden, embedding, bias]);
      });
    }
  }

  it('logSumExp is the logarithm of the summed exponentials, also where they overflow', () => {
    const test = new Case();
    const x = test.real('x', 3, 4);
    const total = logSumExp(test.builder, x, 1);
    const expected = rowsOf(test.evaluate(x)).map((row) =>
      Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)),
    );
    close(test.evaluate(total), [3, 1], expected);
    test.checkGradients(total, [x]);

    const far = logSumExp(test.builder, test.builder.add(x, test.builder.scalar(1024)), 1);
    close(
      test.evaluate(far),
      [3, 1],
      expected.map((value) => value + 1024),
    );
  });

  for (const biased of ['with a bias', 'without a bias'] as const) {
    it(`crossEntropy over blocks of the head is that over the whole head, ${biased}`, () => {
      const test = new Case();
      const { builder } = test;
      const vocabulary = 9001;
      const [hidden, embedding] = [test.real('h', 3, 2), test.real('e', vocabulary, 2)];
      const [targets, weights] = [test.indices('t', vocabulary, 3), test.real('w', 3)];
      const bias = biased === 'with a bias' ? test.real('b', vocabulary) : undefined;
      const byBlocks = crossEntropy(builder, { hidden, embedding, bias, targets, weights, logitSoftCap: undefined });

      const product = builder.gemm(hidden, embedding, { transA: 'no', transB: 'yes' });
      const logits = bias === undefined ? product : builder.add(product, bias);
      const targetLogits = builder.gatherElements(logits, builder.reshape(targets, [3, 1]), 1);
      const logProbabilities = builder.reshape(builder.sub(targetLogits, builder.reduceLogSumExp(logits, 1)), [3]);
      const losses = builder.mul(builder.unary('Neg', logProbabilities), weights);

      const same = (actual: Value, expected: Value): void => {
        const { shape, data } = test.evaluate(expected);
        close(test.evaluate(actual), shape, data);
      };
      same(byBlocks.logits, logits);
      same(byBlocks.logProbabilities, logProbabilities);
      const wrt = bias === undefined ? [hidden, embedding] : [hidden, embedding, bias];
      const gradients = (parts: Value): readonly Value[] =>
        differentiate(builder, builder.reduceSum(parts, [0], 'drop'), wrt);
      const expected = gradients(losses);
      for (const [i, gradient] of gradients(byBlocks.losses).entries()) same(gradient, expected[i]!);
    });
  }

  it('vocabularyBlocks cut every vocabulary without gap or overlap, an odd number of cache lines apart', () => {
    for (const vocabulary of [1, 50, 4080, 4096, 9001, 49152, 50257, 151936, 262144]) {
      const blocks = vocabularyBlocks(vocabulary);
      assert.equal(blocks[0]![0], 0);
      assert.equal(blocks.at(-1)![1], vocabulary);
      for (const [index, [start, end]] of blocks.entries()) {
        assert.ok(end > start && end - start <= 4080);
        if (index > 0) assert.equal(start, blocks[index - 1]![1]);
        if (index < blocks.length - 1) assert.equal((end - start) % 32, 16);
      }
    }
  });

  it('the gradient of crossEntropy with respect to the hidden state scatters nothing', () => {
    const test = new Case();
    const hidden = test.real('h', 3, 2);
    const { losses } = crossEntropy(test.builder, {
      hidden,
      embedding: test.real('e', 5, 2),
      bias: undefined,
      targets: test.indices('t', 5, 3),
      weights: test.real('w', 3),
      logitSoftCap: undefined,
    });
    const [gradient] = differentiate(test.builder, test.builder.reduceSum(losses, [0], 'drop'), [hidden]);
    const { nodes } = test.builder.finish([{ name: 'gradient', value: gradient! }]);
    assert.deepEqual(
      nodes.filter(({ opType }) => opType.startsWith('Scatter')),
      [],
    );
  });
});
