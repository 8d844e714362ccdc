/** The one checker of gradient rules: every operator, to second order, against differences in float64. */
import assert from 'node:assert/strict';
import type { GraphBuilder } from '../../src/graph/builder';
import { differentiate } from '../../src/graph/differentiate';
import type { Shape, Value } from '../../src/graph/ir';
import type { OpType } from '../../src/graph/operators';
import { verify } from '../../src/graph/verify';
import { numericGradient, relativeError } from './finiteDifferences';
import { interpretFloat64, type Tensor64, tensor64 } from './interpretFloat64';
import { type OperatorCase, operatorGraph } from './operatorCases';
import { seededRandom } from './seededRandom';

/** Gradients are exact but for float32 factors in the graph (2 / sqrt(pi) for Erf), which are off by 6e-8 at most. */
export const tolerance = 1e-6;
const step = 0.02;
/** Where the exact derivative is zero, differences of numbers of size one leave 1e-13 / step. */
const floor = 1e-2;

function reduceAll(builder: GraphBuilder, value: Value): Value {
  return builder.reduceSum(value, [...value.shape.keys()], 'drop');
}

/**
 * Compares the gradients of `scalar` with differences.
 *
 * @param feeds of every input of the graph
 */
export function checkGradients(
  builder: GraphBuilder,
  scalar: Value,
  wrt: readonly Value[],
  feeds: Readonly<Record<string, Tensor64>>,
  what: string,
): void {
  const gradients = differentiate(builder, scalar, wrt);
  const outputs = gradients.map((value, i) => ({ name: `gradient ${i}`, value }));
  const graph = builder.finish([...outputs, { name: 'scalar', value: scalar }]);
  assert.deepEqual(verify(graph), []);
  const actual = interpretFloat64(graph, feeds);
  const valueGraph = builder.finish([{ name: 'scalar', value: scalar }]);
  for (const [i, value] of wrt.entries()) {
    const f = (x: Tensor64) => interpretFloat64(valueGraph, { ...feeds, [value.name]: x }).scalar!.data[0]!;
    const expected = numericGradient(f, feeds[value.name]!, step);
    const error = relativeError(actual[`gradient ${i}`]!, expected, floor);
    assert.ok(
      error <= tolerance,
      `${what} with respect to ${value.name}: ${error}, [${actual[`gradient ${i}`]!.data}] instead of [${expected.data}]`,
    );
  }
}

/**
 * First order: gradients of <u, y> for a cotangent u. Second order: gradients of sum <v, first-order gradient> with
 * respect to the operands and to u.
 */
export function checkVjp<Op extends OpType>(opType: Op, row: OperatorCase<Op>): void {
  const { builder, inputs, output, feeds: operands } = operatorGraph(opType, row, 2);
  const random = seededRandom(3);
  const feeds: Record<string, Tensor64> = { ...operands };
  const feed = (name: string, shape: Shape): Value => {
    const value = builder.input(name, 'float32', shape);
    const size = shape.reduce((product, extent) => product * extent, 1);
    feeds[name] = tensor64(
      shape,
      Array.from({ length: size }, () => random.normal()),
    );
    return value;
  };
  const wrt = inputs.filter(({ type }) => type === 'float32');

  // A cotangent may be smaller than the output: one number for all, one number with the output's rank, one row.
  const full = output.shape;
  const cotangentShapes = [full, [], full.map(() => 1), full.slice(-1)];
  for (const [i, shape] of cotangentShapes.entries()) {
    const u = feed(`u${i}`, shape);
    const first = reduceAll(builder, builder.mul(output, u));
    checkGradients(builder, first, [...wrt, u], feeds, `${opType} first order, cotangent [${shape}]`);
    const gradients = differentiate(builder, first, wrt);
    const second = gradients
      .map((gradient, k) => reduceAll(builder, builder.mul(gradient, feed(`v${i} ${k}`, gradient.shape))))
      .reduce((sum, part) => builder.add(sum, part));
    checkGradients(builder, second, [...wrt, u], feeds, `${opType} second order, cotangent [${shape}]`);
  }
}
