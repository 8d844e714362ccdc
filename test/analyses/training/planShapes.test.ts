import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planShapes, shapeFor } from '../../../src/analyses/training/planShapes';

const pass = fc
  .record({ rows: fc.integer({ min: 1, max: 8 }), length: fc.integer({ min: 1, max: 300 }) })
  .chain((size) => fc.integer({ min: 1, max: size.rows * size.length }).map((trained) => ({ ...size, trained })));

describe('planShapes', () => {
  it('has room for every pass, in at most as many shapes as asked for', () => {
    fc.assert(
      fc.property(
        fc.array(pass, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1 as const, 2 as const),
        (passes, most) => {
          const shapes = planShapes(passes, most);
          assert.ok(shapes.length >= 1 && shapes.length <= most);
          for (const size of passes) {
            const shape = shapeFor(size, shapes);
            assert.ok(shape.batch >= size.rows && shape.length >= size.length && shape.trained >= size.trained);
          }
        },
      ),
      { seed: 1 },
    );
  });

  it('a second shape is made exactly where it saves more padding than it costs, at the best cut', () => {
    fc.assert(
      fc.property(fc.array(pass, { minLength: 1, maxLength: 40 }), (passes) => {
        const batch = Math.max(...passes.map(({ rows }) => rows));
        const rounded = passes.map(({ length }) => Math.ceil(length / 8) * 8);
        const padded = (lengths: readonly number[]) =>
          rounded.reduce((sum, length) => sum + batch * lengths.find((bucket) => bucket >= length)!, 0);
        const longest = Math.max(...rounded);
        const best = Math.min(...rounded.map((cut) => padded(cut === longest ? [longest] : [cut, longest])));
        const shapes = planShapes(passes, 2);
        const cost = padded(shapes.map(({ length }) => length));
        if (padded([longest]) - best > 512) assert.equal(cost, best);
        else assert.equal(shapes.length, 1);
      }),
      { seed: 1 },
    );
  });

  it('rows of one length need one shape', () => {
    const passes = Array.from({ length: 100 }, () => ({ rows: 4, length: 128, trained: 300 }));
    assert.deepEqual(planShapes(passes, 2), [{ batch: 4, length: 128, trained: 304 }]);
  });
});
