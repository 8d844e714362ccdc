import assert from 'node:assert/strict';
import { GraphBuilder } from '../../src/graph/builder';
import { differentiate } from '../../src/graph/differentiate';
import { gaussNewtonVectorProduct, softmaxCrossEntropyHessian } from '../../src/graph/gaussNewtonVectorProduct';
import { hessianVectorProduct } from '../../src/graph/hessianVectorProduct';
import type { Value } from '../../src/graph/ir';
import { jacobianVectorProduct } from '../../src/graph/jacobianVectorProduct';
import { verify } from '../../src/graph/verify';
import { derivative, relativeError } from '../support/finiteDifferences';
import { interpretFloat64, type Tensor64, tensor64 } from '../support/interpretFloat64';
import { draw } from '../support/operatorCases';
import { seededRandom } from '../support/seededRandom';

/** As for gradient rules: float32 factors are off by 6e-8. */
const tolerance = 1e-6;

interface Model {
  readonly builder: GraphBuilder;
  readonly parameters: readonly Value[];
  readonly vectors: readonly Value[];
  readonly logits: Value;
  readonly weights: Value;
  readonly loss: Value;
  readonly feeds: Readonly<Record<string, Tensor64>>;
}

/** Two layers with a norm between them and weighted cross entropy: few enough parameters for dense matrices. */
function model(): Model {
  const builder = new GraphBuilder();
  const random = seededRandom(5);
  const feeds: Record<string, Tensor64> = {};
  const real = (name: string, ...shape: number[]): Value => {
    feeds[name] = draw(random, { shape, domain: name === 'weights' ? 'positive' : 'real' });
    return builder.input(name, 'float32', shape);
  };
  const [first, second] = [real('first', 3, 2), real('second', 4, 3)];
  const vectors = [real('v first', 3, 2), real('v second', 4, 3)];
  const hidden = builder.unary('Tanh', builder.gemm(real('x', 5, 2), first, { transA: 'no', transB: 'yes' }));
  const meanSquare = builder.reduceMean(builder.mul(hidden, hidden), [1], 'keep');
  const normed = builder.div(hidden, builder.unary('Sqrt', builder.add(meanSquare, builder.scalar(0.5))));
  const logits = builder.gemm(normed, second, { transA: 'no', transB: 'yes' });
  const targets = builder.int64([0, 3, 1, 1, 2], [5, 1]);
  const weights = real('weights', 5);
  const target = builder.gatherElements(logits, targets, 1);
  const rows = builder.reshape(builder.sub(builder.reduceLogSumExp(logits, 1), target), [5]);
  const loss = builder.reduceSum(builder.mul(rows, weights), [0], 'drop');
  return { builder, parameters: [first, second], vectors, logits, weights, loss, feeds };
}

/** Derivative of each of `values` along the vectors, by differences of the values themselves. */
function numericAlongVectors({ builder, parameters, feeds }: Model, values: readonly Value[], v: readonly Tensor64[]) {
  const graph = builder.finish(values.map((value, i) => ({ name: `${i}`, value })));
  const at = (t: number) => {
    const moved = parameters.map(({ name }, i): [string, Tensor64] => [
      name,
      { shape: feeds[name]!.shape, data: feeds[name]!.data.map((x, k) => x + t * v[i]!.data[k]!) },
    ]);
    return interpretFloat64(graph, { ...feeds, ...Object.fromEntries(moved) });
  };
  return values.map(({ shape }, i) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return tensor64(
      shape,
      Array.from({ length: size }, (_, k) => derivative((t) => at(t)[i]!.data[k]!, 0.02)),
    );
  });
}

function evaluate({ builder, feeds }: Model, values: readonly Value[]): readonly Tensor64[] {
  const graph = builder.finish(values.map((value, i) => ({ name: `${i}`, value })));
  assert.deepEqual(verify(graph), []);
  const results = interpretFloat64(graph, feeds);
  return values.map((_, i) => results[i]!);
}

function vectorsOf({ vectors, feeds }: Model): readonly Tensor64[] {
  return vectors.map(({ name }) => feeds[name]!);
}

/** Unit vectors of the joint parameter space, and the matrix of a product by them. */
function dense(parameters: readonly Value[], product: (v: readonly Tensor64[]) => readonly Tensor64[]): number[][] {
  const sizes = parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const count = sizes.reduce((a, b) => a + b, 0);
  return Array.from({ length: count }, (_, column) => {
    let offset = 0;
    const unit = parameters.map(({ shape }, i) => {
      const data = Array.from({ length: sizes[i]! }, (_, k) => Number(offset + k === column));
      offset += sizes[i]!;
      return tensor64(shape, data);
    });
    return product(unit).flatMap(({ data }) => [...data]);
  });
}

function close(actual: readonly Tensor64[], expected: readonly Tensor64[]): void {
  for (const [i, tensor] of actual.entries()) {
    const error = relativeError(tensor, expected[i]!, 1e-3);
    assert.ok(error <= tolerance, `${error}: [${tensor.data}] instead of [${expected[i]!.data}]`);
  }
}

describe('products with vectors', () => {
  it('jacobianVectorProduct is the derivative of the outputs along the vectors', () => {
    const test = model();
    const products = jacobianVectorProduct(test.builder, [test.logits, test.loss], test.parameters, test.vectors);
    close(evaluate(test, products), numericAlongVectors(test, [test.logits, test.loss], vectorsOf(test)));
  });

  it('jacobianVectorProduct costs one forward pass of tangents', () => {
    const test = model();
    const [product] = jacobianVectorProduct(test.builder, [test.logits], test.parameters, test.vectors);
    const { nodes } = test.builder.finish([{ name: 'Jv', value: product! }]);
    // One for the value of the first product, then one for each factor of each product: x dW, dx W, x dW.
    assert.equal(nodes.filter(({ opType }) => opType === 'Gemm').length, 4);
  });

  it('hessianVectorProduct is the derivative of the gradient along the vectors', () => {
    const test = model();
    const products = hessianVectorProduct(test.builder, test.loss, test.parameters, test.vectors);
    const gradients = differentiate(test.builder, test.loss, test.parameters);
    close(evaluate(test, products), numericAlongVectors(test, gradients, vectorsOf(test)));
  });

  it('the dense Hessian of second differences of the loss is that of hessianVectorProduct, and symmetric', () => {
    const test = model();
    const products = hessianVectorProduct(test.builder, test.loss, test.parameters, test.vectors);
    const gradients = differentiate(test.builder, test.loss, test.parameters);
    const numeric = dense(test.parameters, (v) => numericAlongVectors(test, gradients, v));
    const exact = dense(test.parameters, (v) => {
      const feeds = { ...test.feeds, ...Object.fromEntries(test.vectors.map(({ name }, i) => [name, v[i]!])) };
      return evaluate({ ...test, feeds }, products);
    });
    const size = numeric.length;
    const flat = (matrix: readonly (readonly number[])[]) => tensor64([size, size], matrix.flat());
    assert.ok(relativeError(flat(exact), flat(numeric), 1e-3) <= tolerance);
    const transposed = exact.map((_, i) => exact.map((row) => row[i]!));
    assert.ok(relativeError(flat(transposed), flat(exact), 1e-3) <= tolerance);
  });

  it('gaussNewtonVectorProduct is J^T H J v with the dense J of differences', () => {
    const test = model();
    const hessian = softmaxCrossEntropyHessian(test.builder, test.logits, test.weights);
    const products = gaussNewtonVectorProduct(test.builder, test.logits, hessian, test.parameters, test.vectors);
    const actual = evaluate(test, products).flatMap(({ data }) => [...data]);

    const [rows, columns] = test.logits.shape as readonly [number, number];
    const [logits] = evaluate(test, [test.logits]);
    const jacobian = dense(test.parameters, (v) => numericAlongVectors(test, [test.logits], v));
    const tangent = numericAlongVectors(test, [test.logits], vectorsOf(test))[0]!.data;
    const curved = new Float64Array(tangent.length);
    for (let n = 0; n < rows; n += 1) {
      const exponentials = [...logits!.data.subarray(n * columns, (n + 1) * columns)].map(Math.exp);
      const total = exponentials.reduce((a, b) => a + b, 0);
      const p = exponentials.map((value) => value / total);
      const mean = p.reduce((sum, value, c) => sum + value * tangent[n * columns + c]!, 0);
      for (let c = 0; c < columns; c += 1)
        curved[n * columns + c] = test.feeds.weights!.data[n]! * p[c]! * (tangent[n * columns + c]! - mean);
    }
    const expected = jacobian.map((column) => column.reduce((sum, value, k) => sum + value * curved[k]!, 0));
    close([tensor64([actual.length], actual)], [tensor64([expected.length], expected)]);
  });
});
