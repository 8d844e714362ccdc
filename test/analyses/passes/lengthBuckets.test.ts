import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lengthBuckets } from '../../../src/analyses/passes/lengthBuckets';
import { noLengthLimits, sameSide } from '../../../src/analyses/training/lengthLimits';

const row = fc.tuple(fc.integer({ min: 1, max: 700 }), fc.nat(700)).map(([length, trained]) => ({
  length,
  trained: Math.min(trained, length - 1),
}));

describe('length buckets', () => {
  it('every row is in one pass, whose shape has room for it; no pass has more rows than asked for', () => {
    const limits = { switchAbove: 100, longest: 700 };
    fc.assert(
      fc.property(fc.array(row, { maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (rows, most) => {
        const buckets = lengthBuckets(rows, () => most, limits);
        const passes = buckets.flatMap(({ passes, shape }) => passes.map((numbers) => ({ numbers, shape })));
        const seen = passes.flatMap(({ numbers }) => numbers).sort((a, b) => a - b);
        assert.deepEqual(seen, [...rows.keys()]);
        for (const { numbers, shape } of passes) {
          assert.ok(numbers.length <= shape.batch && shape.batch <= most && numbers.length > 0);
          assert.ok(shape.length <= 700);
          for (const number of numbers) {
            assert.ok(rows[number]!.length <= shape.length);
            assert.ok(sameSide(rows[number]!.length, shape.length, limits));
          }
          assert.ok(numbers.reduce((sum, number) => sum + rows[number]!.trained, 0) <= shape.trained);
        }
      }),
    );
  });

  it('rows of two lengths, many of each, are not padded to one', () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({ length: i % 2 === 0 ? 16 : 128, trained: 4 }));
    const shapes = lengthBuckets(rows, (length) => Math.floor(512 / length), noLengthLimits).map(({ shape }) => shape);
    assert.deepEqual(
      shapes.map(({ length, batch }) => [length, batch]),
      [
        [128, 4],
        [16, 29],
      ],
    );
  });

  it('a session is not made for a few tokens of padding', () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ length: i === 0 ? 24 : 16, trained: 4 }));
    assert.equal(lengthBuckets(rows, () => 20, noLengthLimits).length, 1);
  });

  it('trained tokens are spread over the passes', () => {
    const rows = Array.from({ length: 16 }, (_, i) => ({ length: 40, trained: i < 4 ? 30 : 2 }));
    const [bucket] = lengthBuckets(rows, () => 4, noLengthLimits);
    assert.equal(bucket!.shape.trained, 40);
  });
});
