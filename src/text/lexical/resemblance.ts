import type { UnionFind } from '../../linalg/clustering/unionFind';
import { createRandom } from '../../linalg/random';
import { createKeyedRows } from './keyedRows';
import { mixBits, type WordTable } from './wordTable';

export interface ResemblanceSettings {
  /** Texts with fewer pairs of neighbouring words that tell texts apart are left to `oneWordApart`. */
  readonly fewestShingles: number;
  /** Least Jaccard similarity of the sets of such pairs. */
  readonly leastJaccard: number;
  /** Pairs of words that more texts hold than this, and more than `widespreadShare` of all, tell nothing. */
  readonly widespreadTexts: number;
  readonly widespreadShare: number;
  /** Bands of the signature. Two texts of similarity s are compared with probability 1 - (1 - s^rows)^bands. */
  readonly bands: number;
  readonly rowsOfBand: number;
  readonly seed: number;
}

/** Members of one band's bucket that a text is compared with: keeps the work linear where very many are alike. */
const mostCompared = 8;

/**
 * Joins texts that resemble each other: the Jaccard similarity of their sets of word pairs ("shingles") reaches
 * `leastJaccard`. Candidates by MinHash (Broder 1997) in bands (locality-sensitive hashing: Leskovec, Rajaraman and
 * Ullman, chapter 3), each checked exactly. What very many texts share (a system prompt, a template) is left out first:
 * a long common part would make all rows of a data set alike.
 */
export function joinResembling(table: WordTable, settings: ResemblanceSettings, sets: UnionFind): void {
  const { shingles, starts } = distinctiveShingles(table, settings);
  const { bands, rowsOfBand, fewestShingles, leastJaccard } = settings;
  const random = createRandom(settings.seed, 'minhash');
  const [factors, offsets] = [0, 1].map(() => Uint32Array.from({ length: bands * rowsOfBand }, () => random.uint32()));
  const rows: number[] = [];
  for (let row = 0; row < table.count; row++) if (starts[row + 1]! - starts[row]! >= fewestShingles) rows.push(row);
  const bandKeys = new Int32Array(rows.length * bands);
  rows.forEach((row, place) => {
    for (let band = 0; band < bands; band++) {
      let key = band;
      for (let i = band * rowsOfBand; i < (band + 1) * rowsOfBand; i++) {
        const factor = factors![i]! | 1;
        const offset = offsets![i]!;
        let least = 0xffffffff;
        for (let at = starts[row]!; at < starts[row + 1]!; at++) {
          const value = (Math.imul(shingles[at]!, factor) + offset) >>> 0;
          if (value < least) least = value;
        }
        key = mixBits(key ^ least);
      }
      bandKeys[place * bands + band] = key;
    }
  });
  const alike = (a: number, b: number): boolean =>
    jaccard(shingles, starts[a]!, starts[a + 1]!, starts[b]!, starts[b + 1]!) >= leastJaccard;
  const filed = createKeyedRows(table.count);
  const compared: number[] = [];
  for (let band = 0; band < bands; band++) {
    rows.forEach((row, place) => {
      filed.add(bandKeys[place * bands + band]!, row);
    });
    filed.visitRuns((run) => {
      compared.length = 0;
      for (const row of run) {
        const partner = compared.find((other) => sets.find(other) === sets.find(row) || alike(other, row));
        if (partner !== undefined) sets.union(partner, row);
        else if (compared.length < mostCompared) compared.push(row);
      }
    });
  }
}

interface Shingles {
  /** Hashes of the different word pairs of each text, ascending, text after text. */
  readonly shingles: Uint32Array;
  /** Text i has its shingles at [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
}

function distinctiveShingles(table: WordTable, settings: ResemblanceSettings): Shingles {
  const all = new Uint32Array(table.numbers.length);
  const starts = new Uint32Array(table.count + 1);
  // Texts by shingle, counted by a part of its bits: two rare shingles that fall together stay rare.
  const slots = 2 ** Math.min(24, Math.max(12, Math.ceil(Math.log2(table.numbers.length + 1))));
  const texts = new Uint32Array(slots);
  let used = 0;
  for (let row = 0; row < table.count; row++) {
    const begin = used;
    for (let i = table.starts[row]!; i + 1 < table.starts[row + 1]!; i++)
      all[used++] = mixBits(Math.imul(mixBits(table.numbers[i]! + 1), 31) + table.numbers[i + 1]!);
    const found = all.subarray(begin, used).sort();
    used = begin;
    for (let i = 0; i < found.length; i++) {
      const shingle = found[i]!;
      if (used > begin && all[used - 1] === shingle) continue;
      all[used++] = shingle;
      texts[shingle % slots] = texts[shingle % slots]! + 1;
    }
    starts[row + 1] = used;
  }
  const widespread = Math.max(settings.widespreadTexts, settings.widespreadShare * table.count);
  let kept = 0;
  let begin = 0;
  for (let row = 0; row < table.count; row++) {
    const end = starts[row + 1]!;
    for (; begin < end; begin++) if (texts[all[begin]! % slots]! <= widespread) all[kept++] = all[begin]!;
    starts[row + 1] = kept;
  }
  return { shingles: all.subarray(0, kept), starts };
}

/** Of two ascending lists without repetitions. */
function jaccard(values: Uint32Array, beginA: number, endA: number, beginB: number, endB: number): number {
  let common = 0;
  let [a, b] = [beginA, beginB];
  while (a < endA && b < endB) {
    const x = values[a]!;
    const y = values[b]!;
    if (x === y) common++;
    if (x <= y) a++;
    if (y <= x) b++;
  }
  return common / (endA - beginA + (endB - beginB) - common);
}
