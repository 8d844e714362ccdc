import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  compareMethods,
  filterRows,
  groupLooks,
  histogram,
  rowKey,
  spearman,
} from '../../src/webview/trace/traceFigures';
import { traceRecord } from './fixtures';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('the distribution of scores', () => {
  it('counts every score once, in bins that touch', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 60 }), (values, most) => {
        const bins = histogram(values, most, null);
        assert.equal(
          bins.reduce((sum, { count }) => sum + count, 0),
          values.length,
        );
        for (const [i, bin] of bins.slice(1).entries())
          assert.ok(Math.abs(bin.from - bins[i]!.to) <= 1e-6 * Math.abs(bin.from) + 1e-9);
      }),
    );
  });

  it('is one bin where the range can hardly be divided', () => {
    assert.deepEqual(histogram([0, -5e-324], 2, null), [{ from: -5e-324, to: 0, count: 2 }]);
    assert.equal(histogram([-1.7e308, 1.7e308], 4, null).length, 1);
  });

  it('no bin holds scores of both sides of the threshold', () => {
    const query = traceRecord().documents[0]!.queries[0]!;
    const scores = query.rows.map(({ score }) => score);
    const bins = histogram(scores, 48, query.threshold);
    const above = bins.filter(({ from }) => from >= query.threshold! * (1 - 1e-12));
    assert.equal(
      above.reduce((sum, { count }) => sum + count, 0),
      scores.filter((score) => score >= query.threshold!).length,
    );
  });

  it('scores that are all equal are one bin, and none is none', () => {
    assert.deepEqual(histogram([2, 2, 2], 10, null), [{ from: 2, to: 2, count: 3 }]);
    assert.deepEqual(histogram([], 10, 1), []);
    assert.deepEqual(histogram([Number.NaN], 10, 1), []);
  });
});

describe('rank correlation', () => {
  it('is 1 for any increasing change of scale and -1 for any decreasing one', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(distinct, (values) => {
        assert.ok(
          Math.abs(
            spearman(
              values,
              values.map((x) => x ** 3 + x),
            )! - 1,
          ) < 1e-12,
        );
        assert.ok(
          Math.abs(
            spearman(
              values,
              values.map((x) => -x),
            )! + 1,
          ) < 1e-12,
        );
      }),
    );
  });

  it('gives ties their mean rank', () => {
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: Pearson of the ranks is 4.5 / sqrt(4.5 * 5).
    assert.ok(Math.abs(spearman([1, 2, 2, 3], [1, 2, 3, 4])! - 4.5 / Math.sqrt(4.5 * 5)) < 1e-12);
  });

  it('is unknown where one side says nothing', () => {
    assert.equal(spearman([1, 1, 1], [1, 2, 3]), null);
    assert.equal(spearman([1, 2], [1, 2]), null);
  });
});

describe('methods beside each other', () => {
  it('each pair once, over the rows that both list', () => {
    const { documents } = traceRecord();
    const [pair, ...others] = compareMethods(documents, 0, 20);
    assert.deepEqual(others, []);
    assert.deepEqual([pair!.one, pair!.other], ['auto', 'bm25']);
    const keys = new Set(documents[1]!.queries[0]!.rows.map(rowKey));
    assert.equal(pair!.rows, documents[0]!.queries[0]!.rows.filter((row) => keys.has(rowKey(row))).length);
    assert.ok(pair!.shared <= 20 && pair!.correlation !== null && Math.abs(pair!.correlation) <= 1);
  });

  it('a method agrees with itself entirely', () => {
    const { documents } = traceRecord();
    const [pair] = compareMethods([documents[0]!, documents[0]!], 0, 20);
    assert.equal(pair!.shared, 20);
    assert.ok(Math.abs(pair!.correlation! - 1) < 1e-12);
  });

  it('a query without rows has nothing to compare', () => {
    assert.deepEqual(compareMethods(traceRecord().documents, 2, 20), []);
  });
});

describe('the filter of rows', () => {
  const { rows } = traceRecord().documents[0]!.queries[0]!;

  it('keeps rows that hold every word, whatever their case', () => {
    const found = filterRows(rows, { text: 'GARAGE way', rows: 'all', group: null });
    assert.ok(found.length > 0 && found.length < rows.length);
    for (const { text } of found) assert.match(text.toLowerCase(), /garage/);
  });

  it('keeps rows above the null, and rows of a group', () => {
    const above = filterRows(rows, { text: '', rows: 'aboveNull', group: null });
    assert.equal(above.length, rows.filter(({ aboveNull }) => aboveNull).length);
    const { group } = rows[0]!;
    for (const row of filterRows(rows, { text: '', rows: 'all', group })) assert.equal(row.group, group);
  });
});

describe('looks of groups', () => {
  it('groups of several rows differ in shape and colour, up to six of them', () => {
    const looks = [...groupLooks(traceRecord().documents[0]!.queries[0]!).values()];
    assert.ok(looks.length > 1 && looks.length <= 6);
    assert.equal(new Set(looks.map(({ symbol }) => symbol)).size, looks.length);
    assert.equal(new Set(looks.map(({ color }) => color)).size, looks.length);
  });
});
