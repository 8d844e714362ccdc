import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../../src/graph/builder';
import { encode } from '../../src/graph/encode';
import { lower } from '../../src/graph/lower';
import { planMemory } from '../../src/graph/planMemory';
import { interpretFloat64, type Tensor64 } from '../support/interpretFloat64';
import { allOperatorCases, operatorGraph } from '../support/operatorCases';
import { runOnnx, sessionOptions } from '../support/runOnnx';

function largestDifference(a: Tensor64, b: Tensor64): number {
  assert.deepEqual(a.shape, b.shape);
  return a.data.reduce((largest, value, i) => {
    const difference = Math.abs(value - b.data[i]!);
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
  }, 0);
}

describe('encoded weights', () => {
  it('rows of a weight are read where they lie in its file', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'whence-encode-'));
    try {
      const values = Float32Array.from({ length: 12 }, (_, i) => i);
      // Something lies before the weight in its file.
      writeFileSync(path.join(folder, 'weights'), new Uint8Array([1, 2, 3, 4, ...new Uint8Array(values.buffer)]));
      const builder = new GraphBuilder();
      const x = builder.input('x', 'float32', [1, 3]);
      const weight = builder.weight('w', [4, 3]);
      const middle = builder.slice(weight, 0, 1, 3);
      const graph = builder.finish([
        { name: 'product', value: builder.gemm(x, middle, { transA: 'no', transB: 'yes' }) },
        { name: 'rows', value: builder.slice(weight, 0, 3, 4) },
        { name: 'columns', value: builder.slice(middle, 1, 2, 3) },
      ]);
      assert.deepEqual(
        lower(graph).nodes.map(({ opType }) => opType),
        ['Gemm', 'Slice', 'Slice'],
      );
      const { bytes } = encode(graph, () => ({ location: 'weights', offset: 4, byteLength: 48 }));
      const session = await InferenceSession.create(bytes, {
        ...sessionOptions,
        extra: { session: { model_external_initializers_file_folder_path: folder } },
      });
      const results = await session.run({ x: new Tensor('float32', Float32Array.of(1, 10, 100), [1, 3]) });
      await session.release();
      assert.deepEqual([...(results.product!.data as Float32Array)], [543, 876]);
      assert.deepEqual([...(results.rows!.data as Float32Array)], [9, 10, 11]);
      assert.deepEqual([...(results.columns!.data as Float32Array)], [5, 8]);
      assert.equal(planMemory(graph).weightBytes, 48);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

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
