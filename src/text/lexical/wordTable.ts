import { words } from './words';

/** Texts as lists of word numbers, one after another. */
export interface WordTable {
  readonly count: number;
  /** Number of each word, text after text. */
  readonly numbers: Uint32Array;
  /** Text i has its words at [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  /** By word number: 1 where the word has a digit. */
  readonly hasDigit: Uint8Array;
}

/** @returns the table of the first texts of each wording, and by text the place of its wording in the table */
export function buildWordTable(texts: readonly string[]): {
  readonly table: WordTable;
  readonly wordings: Int32Array;
} {
  const vocabulary = new Map<string, number>();
  const known = new Map<string, number>();
  const wordings = new Int32Array(texts.length);
  const starts: number[] = [0];
  let numbers = new Uint32Array(1 << 12);
  let used = 0;
  texts.forEach((text, i) => {
    const split = words(text);
    // Texts without any word (emoji, rules of dashes) are equal only when all their characters are.
    const wording = split.length > 0 ? split.join(' ') : `\n${text}`;
    const place = known.get(wording);
    wordings[i] = place ?? known.size;
    if (place !== undefined) return;
    known.set(wording, known.size);
    if (used + split.length > numbers.length) {
      const larger = new Uint32Array(Math.max(2 * numbers.length, used + split.length));
      larger.set(numbers);
      numbers = larger;
    }
    for (const word of split) {
      let number = vocabulary.get(word);
      if (number === undefined) {
        number = vocabulary.size;
        vocabulary.set(word, number);
      }
      numbers[used++] = number;
    }
    starts.push(used);
  });
  const hasDigit = Uint8Array.from(vocabulary.keys(), (word) => (/\p{N}/u.test(word) ? 1 : 0));
  return {
    table: { count: known.size, numbers: numbers.subarray(0, used), starts: Uint32Array.from(starts), hasDigit },
    wordings,
  };
}

/** 32-bit finaliser of MurmurHash3 (Appleby): spreads consecutive numbers over all bits. */
export function mixBits(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
