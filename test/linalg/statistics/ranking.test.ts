import assert from 'node:assert/strict';
import fc from 'fast-check';
import { auroc } from '../../../src/linalg/statistics/auroc';
import { averagePrecision } from '../../../src/linalg/statistics/averagePrecision';
import { meanReciprocalRank } from '../../../src/linalg/statistics/meanReciprocalRank';
import { ndcg } from '../../../src/linalg/statistics/ndcg';
import { recallAtK } from '../../../src/linalg/statistics/recallAtK';

/** Scores with many ties and labels of both classes. */
const judged = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.boolean()), { minLength: 2, maxLength: 30 })
  .filter((rows) => rows.some(([, label]) => label) && rows.some(([, label]) => !label))
  .map((rows) => ({ scores: rows.map(([score]) => score), labels: rows.map(([, label]) => label) }));

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

/** Every order of the rows that the scores allow. */
function allowedOrders(scores: readonly number[]): number[][] {
  return permutations(scores.map((_, i) => i)).filter((order) =>
    order.every((row, place) => place === 0 || scores[row]! <= scores[order[place - 1]!]!),
  );
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const small = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 6 })
  .filter((rows) => rows.some(([, gain]) => gain > 0))
  .map((rows) => ({ scores: rows.map(([score]) => score), gains: rows.map(([, gain]) => gain) }));

describe('measures of a ranking', () => {
  it('the AUROC is the share of pairs in the right order, ties half (and as scipy has it)', () => {
    assert.ok(Math.abs(auroc([0.1, 0.4, 0.35, 0.8, 0.35, 0.6], [0, 0, 1, 1, 1, 0]) - 5 / 9) < 1e-15);
    fc.assert(
      fc.property(judged, ({ scores, labels }) => {
        const pairs = scores.flatMap((a, i) =>
          scores.flatMap((b, j) => (labels[i] && !labels[j] ? [a > b ? 1 : a === b ? 0.5 : 0] : [])),
        );
        assert.ok(Math.abs(auroc(scores, labels) - average(pairs)) < 1e-12);
      }),
    );
  });

  it('an AUROC of one class is an error', () => {
    assert.throws(() => auroc([1, 2], [true, true]), /2 positives and 0 negatives/);
  });

  it('recall at k is its mean over all orders that the scores allow', () => {
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 7 }), ({ scores, gains }, k) => {
        const all = gains.filter((gain) => gain > 0).length;
        const direct = allowedOrders(scores).map(
          (order) => order.slice(0, k).filter((row) => gains[row]! > 0).length / all,
        );
        assert.ok(Math.abs(recallAtK(scores, gains, k) - average(direct)) < 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  it('ndcg is the mean discounted gain over all orders that the scores allow, over the best', () => {
    const gainOf = (order: readonly number[], gains: readonly number[], k: number): number =>
      order.slice(0, k).reduce((sum, row, place) => sum + gains[row]! / Math.log2(place + 2), 0);
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 7 }), ({ scores, gains }, k) => {
        const best = gainOf(allowedOrders(gains)[0]!, gains, k);
        const direct = average(allowedOrders(scores).map((order) => gainOf(order, gains, k)));
        assert.ok(Math.abs(ndcg(scores, gains, k) - direct / best) < 1e-12);
      }),
      { numRuns: 60 },
    );
    assert.equal(ndcg([1, 2], [0, 0], 2), 0);
  });

  it('average precision is the sum of precision times the step of recall over all thresholds', () => {
    fc.assert(
      fc.property(judged, ({ scores, labels }) => {
        const all = labels.filter(Boolean).length;
        const thresholds = [...new Set(scores)].sort((a, b) => b - a);
        let [expected, before] = [0, 0];
        for (const threshold of thresholds) {
          const taken = labels.filter((_, i) => scores[i]! >= threshold);
          const recall = taken.filter(Boolean).length / all;
          expected += (recall - before) * (taken.filter(Boolean).length / taken.length);
          before = recall;
        }
        assert.ok(Math.abs(averagePrecision(scores, labels) - expected) < 1e-12);
      }),
    );
  });

  it('the reciprocal rank counts the best relevant row, after all rows that tie with it', () => {
    const queries = [
      { scores: [5, 4, 3], relevant: [false, true, true] },
      { scores: [1, 1, 1, 1], relevant: [true, false, false, false] },
      { scores: [0, 9], relevant: [0, 1] },
    ];
    assert.equal(meanReciprocalRank(queries), (1 / 2 + 1 / 4 + 1) / 3);
  });

  it('a constant score earns at most what chance earns', () => {
    const [scores, labels] = [new Float32Array(10), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
    assert.equal(auroc(scores, labels), 0.5);
    assert.equal(recallAtK(scores, labels, 3), 0.3);
    assert.equal(averagePrecision(scores, labels), 0.1);
  });
});
