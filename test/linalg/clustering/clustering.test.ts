import assert from 'node:assert/strict';
import fc from 'fast-check';
import { averageLinkage, cutMerges } from '../../../src/linalg/clustering/averageLinkage';
import { clusterCentres } from '../../../src/linalg/clustering/clusterCentres';
import { centredRows, cosineSimilarities, type VectorTable } from '../../../src/linalg/clustering/cosineSimilarities';
import { mutualNeighbours } from '../../../src/linalg/clustering/mutualNeighbours';
import { nearestCentre } from '../../../src/linalg/clustering/nearestCentre';
import { selectRows } from '../../../src/linalg/clustering/selectRows';
import { sphericalKMeans } from '../../../src/linalg/clustering/sphericalKMeans';
import { createUnionFind, numberedGroups } from '../../../src/linalg/clustering/unionFind';
import { createRandom } from '../../../src/linalg/random';

const columns = 24;

/** Rows around random directions, group after group in turn, with some noise in each column. */
function blobs(sizes: readonly number[], noise: number, seed: number): { table: VectorTable; truth: Int32Array } {
  const random = createRandom(seed, 'blobs');
  const centres = sizes.map(() => Array.from({ length: columns }, () => random.normal()));
  const left = [...sizes];
  const truth: number[] = [];
  while (left.some((count) => count > 0))
    left.forEach((count, group) => {
      if (count === 0) return;
      truth.push(group);
      left[group] = count - 1;
    });
  const values = Float32Array.from(
    truth.flatMap((group) => centres[group]!.map((value) => value + noise * random.normal())),
  );
  return { table: { values, rows: truth.length, columns }, truth: Int32Array.from(truth) };
}

/** The definition: again and again the two groups with the highest mean similarity of their pairs. */
function directLinkage(similarities: Float32Array, count: number, least: number): Int32Array {
  let groups = Array.from({ length: count }, (_, i) => [i]);
  for (;;) {
    let best = { similarity: Number.NEGATIVE_INFINITY, a: 0, b: 0 };
    for (let a = 0; a < groups.length; a++)
      for (let b = a + 1; b < groups.length; b++) {
        let sum = 0;
        for (const i of groups[a]!) for (const j of groups[b]!) sum += similarities[i * count + j]!;
        const similarity = sum / (groups[a]!.length * groups[b]!.length);
        if (similarity > best.similarity) best = { similarity, a, b };
      }
    if (groups.length === 1 || best.similarity < least) break;
    const joined = [...groups[best.a]!, ...groups[best.b]!];
    groups = [...groups.filter((_, i) => i !== best.a && i !== best.b), joined];
  }
  const labels = new Int32Array(count);
  groups.forEach((group, number) => {
    for (const i of group) labels[i] = number;
  });
  return numberedGroups(labels);
}

describe('clustering', () => {
  const { table, truth } = blobs([30, 12, 40, 5], 0.35, 1);
  const similarities = cosineSimilarities(table);

  it('cosines are those of the definition', () => {
    for (const [i, j] of [
      [0, 1],
      [86, 3],
      [5, 5],
    ] as const) {
      const [a, b] = [i, j].map((row) => [...table.values.subarray(row * columns, (row + 1) * columns)]);
      const product = (x: number[], y: number[]): number => x.reduce((sum, value, c) => sum + value * y[c]!, 0);
      const expected = product(a!, b!) / Math.sqrt(product(a!, a!) * product(b!, b!));
      assert.ok(Math.abs(similarities[i * table.rows + j]! - expected) < 1e-6);
      assert.equal(similarities[i * table.rows + j], similarities[j * table.rows + i]);
    }
  });

  it('a row of zeros is like nothing, and centred rows have mean zero', () => {
    const small = { values: Float32Array.of(0, 0, 1, 2, 3, 4), rows: 3, columns: 2 };
    assert.equal(cosineSimilarities(small)[1], 0);
    const expected = [-4 / 3, -2, -1 / 3, 0, 5 / 3, 2];
    centredRows(small).values.forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) < 1e-6);
    });
  });

  it('average linkage finds the groups that were made', () => {
    assert.deepEqual(cutMerges(averageLinkage(similarities, table.rows), table.rows, 0.6), truth);
  });

  it('average linkage by chains is average linkage by definition, at any cut', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: -0.5, max: 1, noNaN: true }), (seed, least) => {
        const made = blobs([5, 4, 6, 1], 0.8, seed).table;
        const cosines = cosineSimilarities(made);
        const chains = cutMerges(averageLinkage(cosines, made.rows), made.rows, least);
        assert.deepEqual(chains, directLinkage(cosines, made.rows, least));
      }),
      { numRuns: 60 },
    );
  });

  it('average linkage ends where all similarities are equal', () => {
    const merges = averageLinkage(new Float32Array(36).fill(0.5), 6);
    assert.equal(merges.length, 5);
    assert.deepEqual([...cutMerges(merges, 6, 0.5)], [0, 0, 0, 0, 0, 0]);
    assert.deepEqual([...cutMerges(merges, 6, 0.6)], [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(averageLinkage(new Float32Array(1), 1), []);
  });

  it('mutual neighbours find the groups that were made, with and without shared ones', () => {
    for (const leastShared of [0, 2]) {
      const settings = { neighbours: 20, leastSimilarity: 0.5, leastShared };
      assert.deepEqual(mutualNeighbours(similarities, table.rows, settings), truth);
    }
  });

  it('mutual neighbours keep apart what is alike one way only', () => {
    // 0, 1 and 2 are close; 3 is nearest to them, but far.
    const values = Float32Array.of(1, 0, 1, 0.01, 1, 0.02, 0.6, 0.8);
    const found = mutualNeighbours(cosineSimilarities({ values, rows: 4, columns: 2 }), 4, {
      neighbours: 2,
      leastSimilarity: 0,
      leastShared: 0,
    });
    assert.deepEqual([...found], [0, 0, 0, 1]);
  });

  it('k-means finds the groups that were made, by seed', () => {
    const made = blobs([30, 25, 40], 0.25, 4);
    const settings = { clusters: 3, rounds: 50, seed: 2 };
    assert.deepEqual(sphericalKMeans(made.table, settings), made.truth);
    assert.deepEqual(sphericalKMeans(made.table, settings), sphericalKMeans(made.table, settings));
  });

  it('k-means takes rows that are all equal', () => {
    const groups = sphericalKMeans(
      { values: new Float32Array(12).fill(1), rows: 6, columns: 2 },
      { clusters: 3, rounds: 5, seed: 1 },
    );
    assert.deepEqual([...groups], [0, 0, 0, 0, 0, 0]);
  });

  it('groups of candidates carry over to all rows', () => {
    const candidates = Array.from({ length: 40 }, (_, i) => i);
    const some = selectRows(table, candidates);
    const groups = cutMerges(averageLinkage(cosineSimilarities(some), 40), 40, 0.6);
    assert.deepEqual(nearestCentre(table, clusterCentres(some, groups), 0.6), truth);
    const away = { values: some.values.map((value) => -value), rows: 40, columns };
    assert.ok(nearestCentre(away, clusterCentres(some, groups), 0.9).every((group) => group === -1));
  });

  it('the lowest item stands for its set, whatever the order of unions', () => {
    const sets = createUnionFind(6);
    sets.union(5, 3);
    sets.union(4, 5);
    sets.union(3, 1);
    assert.deepEqual([...sets.roots()], [0, 1, 2, 1, 1, 1]);
    assert.deepEqual([...numberedGroups(sets.roots())], [0, 1, 2, 1, 1, 1]);
  });
});
