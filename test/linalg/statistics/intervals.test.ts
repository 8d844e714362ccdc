import assert from 'node:assert/strict';
import { createRandom } from '../../../src/linalg/random';
import { auroc } from '../../../src/linalg/statistics/auroc';
import { aurocInterval } from '../../../src/linalg/statistics/aurocInterval';
import { bootstrapInterval, bootstrapStatistic } from '../../../src/linalg/statistics/bootstrapInterval';
import { clusteredBootstrap } from '../../../src/linalg/statistics/clusteredBootstrap';
import { compareAuroc } from '../../../src/linalg/statistics/compareAuroc';
import type { Interval } from '../../../src/linalg/statistics/interval';
import { mean } from '../../../src/linalg/statistics/mean';
import { pairedBootstrap } from '../../../src/linalg/statistics/pairedBootstrap';
import { quantile } from '../../../src/linalg/statistics/quantile';
import { spearman } from '../../../src/linalg/statistics/spearman';

const settings = { resamples: 1000, seed: 3, level: 0.95 };

function normals(count: number, seed: number, centre: number): Float64Array {
  const random = createRandom(seed, 'values');
  return Float64Array.from({ length: count }, () => centre + random.normal());
}

function close(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

/** Share of 300 experiments whose interval holds the truth. */
function coverage(experiment: (seed: number) => Interval, truth: number): number {
  let held = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { low, high } = experiment(seed);
    if (low <= truth && truth <= high) held++;
  }
  return held / 300;
}

describe('intervals', () => {
  it('the bootstrap of a mean is as wide as the normal theory says', () => {
    const values = normals(400, 1, 2);
    const { estimate, low, high } = bootstrapInterval(values, settings);
    assert.equal(estimate, mean(values));
    // 1.96 standard errors each side; 1,000 resamples leave about 5 % noise in each end.
    const reach = 1.96 * Math.sqrt(mean(values.map((value) => (value - estimate) ** 2)) / 400);
    close(high - estimate, reach, 0.15 * reach);
    close(estimate - low, reach, 0.15 * reach);
  });

  it('95 % intervals of a mean hold the truth in about 95 % of experiments', () => {
    const found = coverage((seed) => bootstrapInterval(normals(60, seed, 0), { ...settings, resamples: 400, seed }), 0);
    assert.ok(found >= 0.9 && found <= 0.98, String(found));
  });

  it('the same seed gives the same bits, another seed others', () => {
    const values = normals(50, 1, 0);
    assert.deepEqual(bootstrapInterval(values, settings), bootstrapInterval(values, settings));
    assert.notDeepEqual(bootstrapInterval(values, settings), bootstrapInterval(values, { ...settings, seed: 4 }));
  });

  it('any statistic can be resampled', () => {
    const values = normals(200, 5, 1);
    const median = (items: ArrayLike<number>): number => quantile(items, 0.5);
    const statistic = (drawn: Uint32Array): number => median(Float64Array.from(drawn, (i) => values[i]!));
    const { low, high } = bootstrapStatistic(values.length, statistic, median(values), settings);
    // The standard error of a normal median is 1.2533 / sqrt(n).
    close(high - low, 2 * 1.96 * (1.2533 / Math.sqrt(200)), 0.12);
  });

  it('a paired difference ignores what both sides share', () => {
    const shared = normals(80, 6, 0);
    const noise = normals(80, 7, 0.05);
    const better = shared.map((value, i) => 10 * value + 0.1 * noise[i]! + 0.1);
    const { estimate, low, high } = pairedBootstrap(
      better,
      shared.map((value) => 10 * value),
      settings,
    );
    close(estimate, 0.105, 0.03);
    assert.ok(low > 0 && high < 0.2);
    assert.throws(() => pairedBootstrap([1], [1, 2], settings), /1 values paired with 2/);
  });

  it('an AUROC of 1 still has a lower end, that rises with the number of rows', () => {
    const perfect = (count: number): Interval =>
      aurocInterval(
        Array.from({ length: 2 * count }, (_, i) => i),
        Array.from({ length: 2 * count }, (_, i) => i >= count),
        0.95,
      );
    const [few, many] = [perfect(5), perfect(50)];
    assert.equal(few.estimate, 1);
    close(few.high, 1, 1e-12);
    assert.ok(few.low > 0.5 && few.low < 0.85, String(few.low));
    assert.ok(many.low > 0.95 && many.low < 1, String(many.low));
  });

  it('95 % intervals of an AUROC hold the truth in about 95 % of experiments', () => {
    // Two normals one deviation apart: the area is Phi(1 / sqrt 2).
    const experiment = (seed: number): Interval => {
      const scores = [...normals(40, seed, 1), ...normals(60, seed + 1000, 0)];
      return aurocInterval(
        scores,
        scores.map((_, i) => i < 40),
        0.95,
      );
    };
    const found = coverage(experiment, 0.7602499389);
    assert.ok(found >= 0.92 && found <= 0.99, String(found));
  });

  it('the difference of two AUROCs is that of the areas, its interval that of a stratified bootstrap', () => {
    const labels = Array.from({ length: 200 }, (_, i) => i < 70);
    const signal = normals(200, 11, 0).map((value, i) => value + (labels[i] ? 1.2 : 0));
    const weaker = normals(200, 12, 0).map((value, i) => 0.5 * signal[i]! + value);
    const found = compareAuroc(signal, weaker, labels, 0.95);
    close(found.estimate, auroc(signal, labels) - auroc(weaker, labels), 1e-12);
    const random = createRandom(1, 'stratified');
    const samples = Float64Array.from({ length: 2000 }, () => {
      const drawn = labels.map((label) => (label ? random.integer(70) : 70 + random.integer(130)));
      const area = (scores: Float64Array): number =>
        auroc(
          drawn.map((i) => scores[i]!),
          labels,
        );
      return area(signal) - area(weaker);
    });
    close(found.low, quantile(samples, 0.025), 0.012);
    close(found.high, quantile(samples, 0.975), 0.012);
  });
});

describe('the clustered bootstrap of linear datamodelling scores', () => {
  const queries = 7;
  const drops = 30;
  const matrix = (seed: number, noise: number): Float64Array[] =>
    Array.from({ length: queries }, (_, q) => {
      const truth = normals(drops, q, 0);
      // Rounded, so that there are ties.
      return normals(drops, 100 * seed + q, 0).map((value, d) => Math.round(3 * (truth[d]! + noise * value)) / 3);
    });
  const actual = matrix(1, 0);
  const good = matrix(2, 0.5);
  const bad = matrix(3, 3);

  it('equals copying the drawn queries and drops and ranking them again', () => {
    const few = { resamples: 40, seed: 9, level: 0.9 };
    const found = clusteredBootstrap(actual, [good, bad], few);
    const random = createRandom(9, 'clustered bootstrap');
    const means = Array.from({ length: 40 }, () => {
      const drawnDrops = Array.from({ length: drops }, () => random.integer(drops));
      const drawnQueries = Array.from({ length: queries }, () => random.integer(queries));
      const of = (method: Float64Array[]): number =>
        mean(
          drawnQueries.map((q) =>
            spearman(
              drawnDrops.map((d) => actual[q]![d]!),
              drawnDrops.map((d) => method[q]![d]!),
            ),
          ),
        );
      return [of(good), of(bad)] as const;
    });
    close(found.scores[0]!.estimate, mean(actual.map((row, q) => spearman(row, good[q]!))), 1e-12);
    close(
      found.scores[0]!.low,
      quantile(
        means.map(([a]) => a),
        0.05,
      ),
      1e-12,
    );
    close(
      found.scores[1]!.high,
      quantile(
        means.map(([, b]) => b),
        0.95,
      ),
      1e-12,
    );
    const difference = found.difference(0, 1);
    const differences = means.map(([a, b]) => a - b);
    close(difference.low, quantile(differences, 0.05), 1e-12);
    close(difference.high, quantile(differences, 0.95), 1e-12);
    found.perQuery[1]!.forEach((value, q) => {
      close(value, spearman(actual[q]!, bad[q]!), 1e-12);
    });
  });

  it('tells a good method from a bad one, and a method from itself not at all', () => {
    const found = clusteredBootstrap(actual, [good, bad, good], settings);
    assert.ok(found.difference(0, 1).low > 0);
    assert.deepEqual(found.difference(0, 2), { estimate: 0, low: 0, high: 0, level: 0.95 });
    assert.ok(found.scores[0]!.low > found.scores[1]!.high);
  });

  it('a method that says the same of every drop scores 0', () => {
    const silent = actual.map(() => new Float64Array(drops));
    const { scores } = clusteredBootstrap(actual, [silent], settings);
    assert.deepEqual(scores[0], { estimate: 0, low: 0, high: 0, level: 0.95 });
  });

  it('refuses matrices of different shapes', () => {
    assert.throws(() => clusteredBootstrap(actual, [good.slice(1)], settings), /\[7, 30\] were expected/);
    assert.throws(() => clusteredBootstrap([[1]], [], settings), /1 queries, 1 drops/);
  });
});
