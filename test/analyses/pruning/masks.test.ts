import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  buildMask,
  countMarked,
  masked,
  maskHash,
  matchedRandomMask,
  prunedCount,
  type ScoredMatrix,
} from '../../../src/analyses/pruning/masks';

function matrixOf(rows: number, columns: number, value: (i: number) => number, name = 'm'): ScoredMatrix {
  return { name, rows, columns, scores: Float32Array.from({ length: rows * columns }, (_, i) => value(i)) };
}

/** Few different values, so that ties are common. */
const matrix = fc
  .tuple(
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 13 }),
    fc.infiniteStream(fc.integer({ min: -3, max: 3 })),
  )
  .map(([rows, columns, stream]) => {
    const values = [...stream.take(rows * columns)];
    return matrixOf(rows, columns, (i) => values[i]!);
  });
const matrices = fc
  .array(matrix, { minLength: 1, maxLength: 4 })
  .map((list) => list.map((one, i) => ({ ...one, name: `m${i}` })));
const alpha = fc.double({ min: 0, max: 1, noNaN: true });

describe('counts of pruned entries', () => {
  it("are those of the authors' code", () => {
    assert.deepEqual(
      [0.1, 0.05, 0.01].map((share) => prunedCount(256, share)),
      [26, 13, 3],
    );
    // A full fine-tune loses 1 of 4096 at 1e-5; rank 8 loses one of eight up to .125, rank 16 one of 16 up to .0625.
    assert.equal(prunedCount(4096, 1e-5), 1);
    for (const share of [1e-6, 0.01, 0.1, 0.125]) assert.equal(prunedCount(8, share), 1);
    assert.equal(prunedCount(8, 0.126), 2);
    for (const share of [0.01, 0.0625]) assert.equal(prunedCount(16, share), 1);
    assert.deepEqual([prunedCount(8, 0), prunedCount(8, 1)], [0, 8]);
  });

  it('never fall as the share grows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), alpha, alpha, (count, a, b) => {
        assert.ok(prunedCount(count, Math.min(a, b)) <= prunedCount(count, Math.max(a, b)));
      }),
    );
  });
});

describe('masks', () => {
  it('by rows take as many of each row, and none that scores below one that stays', () => {
    fc.assert(
      fc.property(matrices, alpha, (list, share) => {
        const mask = buildMask(list, share, 'row');
        for (const [m, { rows, columns, scores }] of list.entries()) {
          for (let r = 0; r < rows; r++) {
            const [from, to] = [r * columns, (r + 1) * columns];
            assert.equal(countMarked(mask[m]!.subarray(from, to)), prunedCount(columns, share));
            assertHighest(scores.subarray(from, to), mask[m]!.subarray(from, to));
          }
        }
      }),
    );
  });

  it('by modules and over all take as many of each, the highest', () => {
    fc.assert(
      fc.property(matrices, alpha, (list, share) => {
        for (const [m, bits] of buildMask(list, share, 'module').entries()) {
          assert.equal(countMarked(bits), prunedCount(bits.length, share));
          assertHighest(list[m]!.scores, bits);
        }
        const all = buildMask(list, share, 'global');
        const entries = list.reduce((sum, { scores }) => sum + scores.length, 0);
        assert.equal(
          all.reduce((sum, bits) => sum + countMarked(bits), 0),
          prunedCount(entries, share),
        );
        assertHighest(
          Float32Array.from(list.flatMap(({ scores }) => [...scores])),
          Uint8Array.from(all.flatMap((bits) => [...bits])),
        );
      }),
    );
  });

  it('of larger shares hold those of smaller ones', () => {
    fc.assert(
      fc.property(
        matrices,
        alpha,
        alpha,
        fc.constantFrom('row', 'module', 'global' as const),
        (list, a, b, threshold) => {
          const [small, large] = [Math.min(a, b), Math.max(a, b)].map((share) =>
            buildMask(list, share, threshold as 'row' | 'module' | 'global'),
          ) as [Uint8Array[], Uint8Array[]];
          for (const [m, bits] of small.entries()) {
            for (const [i, bit] of bits.entries()) assert.ok(bit <= large[m]![i]!);
          }
        },
      ),
    );
  });

  it('2:4 take two of every four neighbours, and half of what is left over', () => {
    fc.assert(
      fc.property(matrices, alpha, (list, share) => {
        for (const [m, bits] of buildMask(list, share, '2:4').entries()) {
          const { rows, columns, scores } = list[m]!;
          for (let r = 0; r < rows; r++) {
            for (let c = 0; c < columns; c += 4) {
              const [from, to] = [r * columns + c, r * columns + Math.min(columns, c + 4)];
              assert.equal(countMarked(bits.subarray(from, to)), Math.floor((to - from) / 2));
              assertHighest(scores.subarray(from, to), bits.subarray(from, to));
            }
          }
        }
      }),
    );
  });

  it('of equal scores take the last, as the end of a stable sort does', () => {
    const equal = matrixOf(1, 6, () => 1);
    assert.deepEqual([...buildMask([equal], 0.5, 'row')[0]!], [0, 0, 0, 1, 1, 1]);
    const mixed = matrixOf(1, 6, (i) => [2, 1, 1, 3, 1, 0][i]!);
    assert.deepEqual([...buildMask([mixed], 0.5, 'row')[0]!], [1, 0, 0, 1, 1, 0]);
  });

  it('drawn at random have the counts of every row of the one that they match, and depend on seed and name', () => {
    fc.assert(
      fc.property(matrices, alpha, fc.nat(1000), (list, share, seed) => {
        const like = buildMask(list, share, 'global');
        const drawn = matchedRandomMask(list, like, seed);
        assert.deepEqual(matchedRandomMask(list, like, seed), drawn);
        for (const [m, { rows, columns }] of list.entries()) {
          for (let r = 0; r < rows; r++) {
            const row = (bits: Uint8Array): number => countMarked(bits.subarray(r * columns, (r + 1) * columns));
            assert.equal(row(drawn[m]!), row(like[m]!));
          }
        }
      }),
    );
    const wide = [matrixOf(1, 200, (i) => i)];
    const like = buildMask(wide, 0.5, 'row');
    assert.notDeepEqual(matchedRandomMask(wide, like, 1), matchedRandomMask(wide, like, 2));
  });

  it('draw every entry equally often', () => {
    const list = [matrixOf(1, 8, (i) => i)];
    const like = buildMask(list, 0.25, 'row');
    const counts = new Array<number>(8).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      for (const [i, bit] of matchedRandomMask(list, like, seed)[0]!.entries()) counts[i]! += bit;
    }
    // 1,000 expected each; standard deviation 27.
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 140, `${counts}`);
  });

  it('have one name for equal bits, another for others', () => {
    const list = [matrixOf(2, 4, (i) => i)];
    const hash = (share: number): string => maskHash(list, buildMask(list, share, 'row'));
    assert.equal(hash(0.1), hash(0.25));
    assert.notEqual(hash(0.25), hash(0.5));
  });

  it('set entries to zero and leave the others their bits', () => {
    const values = Float32Array.of(0.1, -2, 3, 4);
    assert.deepEqual(masked(values, Uint8Array.of(0, 1, 0, 1)), Float32Array.of(0.1, 0, 3, 0));
    assert.deepEqual(values, Float32Array.of(0.1, -2, 3, 4));
  });
});

function assertHighest(scores: Float32Array, mask: Uint8Array): void {
  const of = (bit: number): number[] => [...scores].filter((_, i) => mask[i] === bit);
  const [kept, pruned] = [of(0), of(1)];
  if (kept.length > 0 && pruned.length > 0) assert.ok(Math.min(...pruned) >= Math.max(...kept));
}
