import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noLengthLimits } from '../../../src/analyses/training/lengthLimits';
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
          const shapes = planShapes(passes, most, noLengthLimits);
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
        const shapes = planShapes(passes, 2, noLengthLimits);
        const cost = padded(shapes.map(({ length }) => length));
        if (padded([longest]) - best > 512) assert.equal(cost, best);
        else assert.equal(shapes.length, 1);
      }),
      { seed: 1 },
    );
  });

  it('rows of one length need one shape', () => {
    const passes = Array.from({ length: 100 }, () => ({ rows: 4, length: 128, trained: 300 }));
    assert.deepEqual(planShapes(passes, 2, noLengthLimits), [{ batch: 4, length: 128, trained: 304 }]);
  });

  it('rows that fit the positions of a model are never padded beyond them', () => {
    const limits = { switchAbove: undefined, longest: 21 };
    assert.equal(planShapes([{ rows: 1, length: 20, trained: 3 }], 2, limits)[0]?.length, 21);
    // Too long stays what it is, so that the refusal names the row's own length.
    assert.equal(planShapes([{ rows: 1, length: 22, trained: 3 }], 2, limits)[0]?.length, 22);
  });

  it('passes on both sides of a switch of the model never share a shape', () => {
    const limits = { switchAbove: 13, longest: undefined };
    fc.assert(
      fc.property(fc.array(pass, { minLength: 1, maxLength: 40 }), (passes) => {
        const shapes = planShapes(passes, 2, limits);
        for (const size of passes) assert.equal(shapeFor(size, shapes).length > 13, size.length > 13);
      }),
      { seed: 1 },
    );
  });
});
