import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agreementOf } from '../../../src/analyses/evaluating/agreement';
import { calibrateSlope } from '../../../src/analyses/evaluating/calibrateSlope';
import { dropSize, planDrops, randomDrops } from '../../../src/analyses/evaluating/planDrops';
import { plantedFigures, summarizePlanted } from '../../../src/analyses/evaluating/plantedFigures';
import { predictChanges, topGroup, topRows } from '../../../src/analyses/evaluating/predictChanges';
import { removalEffects } from '../../../src/analyses/evaluating/removalEffects';
import { createRandom } from '../../../src/linalg/random';
import { UserError } from '../../../src/protocol/errors';

const settings = { resamples: 500, seed: 3, level: 0.95 };

describe('drops', () => {
  it('have the protocol’s size and no row twice; more drops begin with the same ones', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 400 }),
        fc.constantFrom('leaveOnePercentOut', 'half'),
        fc.nat(99),
        (n, protocol, seed) => {
          const rows = Array.from({ length: n }, (_, i) => 10 * i);
          const drops = planDrops(protocol, rows, 5, seed);
          for (const drop of drops) {
            assert.equal(drop.length, dropSize(protocol, n));
            assert.equal(new Set(drop).size, drop.length);
            assert.ok(drop.every((row) => rows.includes(row)));
          }
          assert.deepEqual(planDrops(protocol, rows, 3, seed), drops.slice(0, 3));
        },
      ),
    );
    assert.deepEqual(
      [dropSize('leaveOnePercentOut', 669), dropSize('leaveOnePercentOut', 20), dropSize('half', 669)],
      [7, 1, 334],
    );
  });

  it('every row is dropped about as often', () => {
    const counts = new Map<number, number>();
    const rows = Array.from({ length: 40 }, (_, i) => i);
    for (const drop of planDrops('half', rows, 400, 1))
      for (const row of drop) counts.set(row, (counts.get(row) ?? 0) + 1);
    // 400 draws at 1/2: five standard deviations are 50.
    for (const row of rows) assert.ok(Math.abs(counts.get(row)! - 200) < 50, `row ${row}: ${counts.get(row)}`);
  });

  it('all rows cannot be left out', () => {
    assert.throws(
      () => randomDrops([1, 2, 3], 3, 1, 0, 'x'),
      (error) => error instanceof UserError && error.code === 'too-few-rows',
    );
  });
});

describe('predicted against actual', () => {
  it('a prediction is the sum of the scores of the rows that go', () => {
    const scores = Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40);
    assert.deepEqual(
      predictChanges(scores, 4, [[0, 3], [1]]).map((of) => [...of]),
      [
        [5, 2],
        [50, 20],
      ],
    );
    const groups = Int32Array.of(0, 1, 1, 0, 2);
    assert.deepEqual(
      topGroup(Float32Array.of(3, 4, 5, -1, 2), Float32Array.of(0.1, 0.9, 0.8, 0, -0.5), groups),
      [1, 2],
    );
    assert.deepEqual(
      topGroup(Float32Array.of(5, 1, -Infinity, 4, 3), Float32Array.of(0.9, 0.1, 0, 0.8, 0.2), groups),
      [0, 3],
    );
    assert.deepEqual(topRows(Float32Array.of(1, 5, 5, -1), 3), [1, 2, 0]);
  });

  it('agreement: perfect, opposite, and none where a side is zero', () => {
    const a = [1, 2, 3, -4, 5];
    const perfect = agreementOf(
      a,
      a.map((x) => 3 * x),
      settings,
    );
    assert.equal(perfect.sign.estimate, 1);
    assert.ok(Math.abs(perfect.spearman!.estimate - 1) < 1e-12);
    assert.ok(Math.abs(perfect.pearson!.estimate - 1) < 1e-12);
    const opposite = agreementOf(
      a,
      a.map((x) => -x),
      settings,
    );
    assert.equal(opposite.sign.estimate, 0);
    assert.ok(Math.abs(opposite.spearman!.estimate + 1) < 1e-12);
    const silent = agreementOf([0, 0, 0], [1, 2, 3], settings);
    assert.deepEqual([silent.sign.estimate, silent.spearman], [0, null]);
  });

  it('scores get a unit from five retrainings on, and none where they predict nothing', () => {
    const random = createRandom(4, 'effects');
    const effects = (slope: number, noise: number, count: number) =>
      Array.from({ length: count }, () => {
        const predicted = Float64Array.from({ length: 6 }, () => random.normal());
        return { predicted, actual: predicted.map((x) => slope * x + noise * random.normal()) };
      });
    const found = calibrateSlope(effects(2.5, 0.1, 12), settings)!;
    assert.ok(found.low <= 2.5 && 2.5 <= found.high && found.high - found.low < 0.2, JSON.stringify(found));
    assert.equal(calibrateSlope(effects(2.5, 0.1, 4), settings), undefined);
    assert.equal(calibrateSlope(effects(0, 1, 12), settings), undefined);
    assert.equal(calibrateSlope(effects(-2, 0.1, 12), settings), undefined);
  });

  it('removal effects are paired query by query', () => {
    // A method is better by exactly 1 on every query, however much queries differ.
    const reference = [0, 10, 20, 30];
    const { effects, random, againstRandom, againstReference } = removalEffects(
      [reference.map((x) => x + 1), reference],
      [reference.map((x) => x - 2), reference.map((x) => x - 4)],
      1,
      settings,
    );
    assert.equal(effects[0]!.estimate, 16);
    assert.equal(random.estimate, 12);
    assert.deepEqual([againstRandom[0]!.low, againstRandom[0]!.high], [4, 4]);
    assert.deepEqual([againstReference[0]!.low, againstReference[0]!.high, againstReference[1]], [1, 1, null]);
  });
});

describe('planted rows', () => {
  it('figures of a query by hand', () => {
    const planted = [true, false, true, false, false];
    // Pairs won: row 0 beats three, row 2 beats two of three.
    const figures = plantedFigures(Float32Array.of(9, 8, 7, 1, 0), planted, null, 0.95);
    assert.ok(Math.abs(figures.auroc.estimate - 5 / 6) < 1e-12);
    assert.deepEqual([figures.planted, figures.k, figures.recall, figures.reciprocalRank], [2, 2, 0.5, 1]);
    assert.equal(plantedFigures(Float32Array.of(9, 8, 7, 1, 0), planted, 3, 0.95).recall, 1);
    const late = plantedFigures(Float32Array.of(0, 8, 7, 1, 2), planted, null, 0.95);
    assert.equal(late.reciprocalRank, 1 / 2);
    const summary = summarizePlanted([figures, late], settings);
    assert.equal(summary.queries, 2);
    assert.ok(Math.abs(summary.reciprocalRank.estimate - 0.75) < 1e-12);
    assert.ok(summary.auroc.low <= summary.auroc.estimate && summary.auroc.estimate <= summary.auroc.high);
  });
});
