import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mean } from '../../../src/linalg/statistics/mean';
import { normalQuantile } from '../../../src/linalg/statistics/normalQuantile';
import { ascendingOrder, descendingOrder } from '../../../src/linalg/statistics/order';
import { pearson } from '../../../src/linalg/statistics/pearson';
import { quantile } from '../../../src/linalg/statistics/quantile';
import { ranks } from '../../../src/linalg/statistics/ranks';
import { spearman } from '../../../src/linalg/statistics/spearman';

const tiedValues = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 40 });

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

describe('ranks and correlations', () => {
  it('ranks are those of scipy, ties by their mean', () => {
    assert.deepEqual([...ranks([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])], [4.5, 1.5, 6, 1.5, 8, 11, 3, 10, 8, 4.5, 8]);
  });

  it('a rank is one more than the values below and half of the other equal ones', () => {
    fc.assert(
      fc.property(tiedValues, (values) => {
        const expected = values.map(
          (value) => values.filter((v) => v < value).length + (values.filter((v) => v === value).length + 1) / 2,
        );
        assert.deepEqual([...ranks(values)], expected);
      }),
    );
  });

  it('orders are stable in both directions, infinities included', () => {
    const values = [2, Number.POSITIVE_INFINITY, 2, -1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    assert.deepEqual([...ascendingOrder(values)], [4, 3, 0, 2, 1, 5]);
    assert.deepEqual([...descendingOrder(values)], [1, 5, 0, 2, 3, 4]);
  });

  it('what is not a number has no rank', () => {
    assert.throws(() => ranks([1, Number.NaN]), /value 1 is not a number/);
  });

  it('correlations are those of scipy', () => {
    const [a, b] = [
      [1, 2, 2, 3, 5, 4],
      [2, 1, 4, 4, 6, 5],
    ];
    near(spearman(a!, b!), 0.8676470588235294, 1e-15);
    near(pearson(a!, b!), 0.8513824469684098, 1e-15);
  });

  it('a correlation with a constant is not a number', () => {
    assert.ok(Number.isNaN(spearman([1, 1, 1], [1, 2, 3])));
  });

  it("Spearman's correlation is 1 - 6 sum d^2 / (n^3 - n) where nothing ties", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.double({ noNaN: true }), { minLength: 2, maxLength: 30 }), fc.nat(), (a, by) => {
        const b = a.map((_, i) => a[(i * 7 + by) % a.length]!);
        fc.pre(new Set(b).size === b.length);
        const [rankA, rankB, n] = [ranks(a), ranks(b), a.length];
        const squares = rankA.reduce((sum, rank, i) => sum + (rank - rankB[i]!) ** 2, 0);
        near(spearman(a, b), 1 - (6 * squares) / (n ** 3 - n), 1e-12);
      }),
    );
  });

  it('quantiles are those of NumPy', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const found = [0, 0.025, 0.1, 0.5, 0.975, 1].map((share) => quantile(values, share));
    [1, 1, 1, 3.5, 8.475, 9].forEach((expected, i) => {
      near(found[i]!, expected, 1e-12);
    });
  });

  it('a quantile among values that are not numbers is unknown, and of none an error', () => {
    assert.ok(Number.isNaN(quantile([1, Number.NaN, 3], 0)));
    assert.throws(() => quantile([], 0.5), /no values/);
    assert.throws(() => mean([]), /no values/);
  });

  it('normal quantiles are those of scipy within the 1e-9 that the approximation claims', () => {
    const golden: [number, number][] = [
      [1e-6, -4.753424308822899],
      [0.01, -2.3263478740408408],
      [0.025, -1.9599639845400545],
      [0.3, -0.5244005127080409],
      [0.5, 0],
      [0.975, 1.959963984540054],
      [0.999, 3.090232306167813],
    ];
    for (const [share, expected] of golden) near(normalQuantile(share), expected, 1.2e-9 * Math.abs(expected));
  });
});
