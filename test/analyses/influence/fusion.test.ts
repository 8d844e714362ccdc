import assert from 'node:assert/strict';
import { reciprocalRankFusion, standardisedSum } from '../../../src/analyses/influence/fusion';

describe('fusion of methods', () => {
  it('reciprocal ranks are summed, the highest score being first and ties sharing a rank', () => {
    const fused = reciprocalRankFusion(
      [
        [9, 1, 5],
        [0, 0, 7],
      ],
      60,
    );
    const expected = [1 / 61 + 1 / 62.5, 1 / 63 + 1 / 62.5, 1 / 62 + 1 / 61];
    expected.forEach((value, i) => {
      assert.ok(Math.abs(fused[i]! - value) < 1e-15);
    });
  });

  it('rank fusion is the same whatever a method multiplies its scores by', () => {
    const scores = [3, -1, 8, 0.5];
    const other = [1, 2, 3, 4];
    const scaled = scores.map((score) => score * 1e6 - 40);
    assert.deepEqual(reciprocalRankFusion([scores, other], 60), reciprocalRankFusion([scaled, other], 60));
  });

  it('standardised scores are summed, a constant method adding nothing', () => {
    const fused = standardisedSum([
      [1, 2, 3],
      [0.1, 0.1, 0.1],
      [-10, 0, 10],
    ]);
    const unit = Math.sqrt(1.5);
    [-2 * unit, 0, 2 * unit].forEach((value, i) => {
      assert.ok(Math.abs(fused[i]! - value) < 1e-12);
    });
  });

  it('refuses scores of different rows and scores that are not finite', () => {
    assert.throws(() => reciprocalRankFusion([[1], [1, 2]], 60), /different rows/);
    assert.throws(() => reciprocalRankFusion([], 60), /no scores/);
    assert.throws(() => standardisedSum([[1, Number.POSITIVE_INFINITY]]), /not finite/);
  });
});
