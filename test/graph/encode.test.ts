import assert from 'node:assert/strict';
import { interpretFloat64, type Tensor64 } from '../support/interpretFloat64';
import { allOperatorCases, operatorGraph } from '../support/operatorCases';
import { runOnnx } from '../support/runOnnx';

function largestDifference(a: Tensor64, b: Tensor64): number {
  assert.deepEqual(a.shape, b.shape);
  return a.data.reduce((largest, value, i) => {
    const difference = Math.abs(value - b.data[i]!);
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
  }, 0);
}

describe('encoded operators', () => {
  for (const { opType, row, name } of allOperatorCases()) {
    // Sums of at most 60 float32 products of size about one: a few units in the last place each.
    it(`onnxruntime and the float64 interpreter agree: ${name}`, async () => {
      const { builder, output, feeds } = operatorGraph(opType, row, 1);
      const graph = builder.finish([{ name: 'y', value: output }]);
      const expected = interpretFloat64(graph, feeds).y!;
      const actual = (await runOnnx(graph, feeds)).y!;
      assert.ok(largestDifference(actual, expected) <= 1e-5, `${actual.data} instead of ${expected.data}`);
    });
  }
});
