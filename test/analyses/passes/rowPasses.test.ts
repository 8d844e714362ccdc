import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type PassTokens, planRowPasses } from '../../../src/analyses/passes/rowPasses';
import { openTinyLlama } from '../training/support/tinyRun';

function row(length: number, trained: number): PassTokens {
  const labels = new Int32Array(length).fill(-100);
  labels.fill(1, length - trained);
  return { ids: new Int32Array(length), labels };
}

describe('passes of rows', () => {
  it('hold every row once, in a shape with room for it', async () => {
    const { config } = await openTinyLlama();
    const rows = fc.array(
      fc
        .tuple(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 1, max: 9 }))
        .map(([n, k]) => row(n, Math.min(k, n - 1))),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(rows, fc.constantFrom(null, 1, 7), (some, batchSize) => {
        const { passes, shapes } = planRowPasses(some, batchSize, config);
        assert.deepEqual(
          passes.flatMap((pass) => pass.rows).sort((a, b) => a - b),
          [...some.keys()],
        );
        for (const { rows: held, shape } of passes) {
          assert.ok(shapes.includes(shape));
          assert.ok(held.length <= shape.batch);
          assert.ok(held.every((index) => some[index]!.ids.length <= shape.length));
          const trained = held.reduce((sum, index) => sum + some[index]!.labels.filter((id) => id !== -100).length, 0);
          assert.ok(trained <= shape.trained);
        }
      }),
    );
  });

  it('of few longer rows come in a shape that the next few meet again', async () => {
    const { config } = await openTinyLlama();
    const shapesOf = (lengths: readonly number[]) =>
      planRowPasses(
        lengths.map((length, i) => row(length, 3 + i)),
        null,
        config,
      ).shapes;
    assert.deepEqual(shapesOf([90, 88, 81, 95]), [{ batch: 1, length: 96, trained: 32 }]);
    assert.deepEqual(shapesOf([70, 83, 66]), shapesOf([96, 91]));
    // One is much longer: padding the others to it would cost more than sessions do.
    const unlike = shapesOf([200, 20, 20, 20]);
    assert.ok(unlike.length > 1 || unlike[0]!.batch > 1);
  });
});
