import { createKeyedRows } from './keyedRows';
import { mixBits, type WordTable } from './wordTable';

export interface OneWordSettings {
  /** Shorter texts say too little: one word is a different text. */
  readonly fewestWords: number;
  /** Longer texts are left to `resemblance`. */
  readonly mostWords: number;
  /** A place that more different words fill than this is the blank of a template: its texts differ in content. */
  readonly mostFillers: number;
}

/** Most keys held at once: 64 MB. */
const mostEntries = 1 << 23;
const base = 0x9e3779b1;

/**
 * Pairs of texts that differ in one word: another one in its place, or one more. A word with digits is content, so texts
 * that differ in one are no pair; nor are those that differ in the blank of a template.
 *
 * Two such texts are equal when the right word is left out of each. So every text is filed under its words without the
 * first, without the second and so on, and under all of its words: texts in one place are candidates, checked word by
 * word. No pair is missed, and the work is linear in words.
 */
export function oneWordApart(table: WordTable, settings: OneWordSettings): [number, number][] {
  const rows: number[] = [];
  let keys = 0;
  for (let row = 0; row < table.count; row++) {
    const length = table.starts[row + 1]! - table.starts[row]!;
    if (length < settings.fewestWords || length > settings.mostWords) continue;
    rows.push(row);
    keys += length + 1;
  }
  const codeOf = (number: number): number => mixBits(number + 1);
  const parts = Math.max(1, Math.ceil(keys / mostEntries));
  const filed = createKeyedRows(table.count);
  const pairs: [number, number][] = [];
  for (let part = 0; part < parts; part++) {
    for (const row of rows)
      visitShortened(table, row, codeOf, (key) => {
        if ((key >>> 0) % parts === part) filed.add(key, row);
      });
    filed.visitRuns((run) => {
      if (run.length > settings.mostFillers) return;
      for (let i = 0; i < run.length; i++)
        for (let j = i + 1; j < run.length; j++) {
          const pair: [number, number] = [run[i]!, run[j]!];
          if (differingPlace(table, ...pair) !== undefined) pairs.push(pair);
        }
    });
  }
  return withoutTemplates(table, rows, pairs, settings.mostFillers);
}

/** Calls back with a hash of the words of a text without each one in turn, then of all of them (`left` is -1). */
function visitShortened(
  { numbers, starts }: WordTable,
  row: number,
  codeOf: (number: number) => number,
  visit: (key: number, left: number) => void,
): void {
  const [begin, end] = [starts[row]!, starts[row + 1]!];
  // before = sum of value(w_i) base^(places of i counted from the cut); after = the same of what follows the cut.
  let after = 0;
  for (let i = begin; i < end; i++) after = (Math.imul(after, base) + codeOf(numbers[i]!)) | 0;
  const whole = after;
  let power = 1;
  for (let i = begin + 1; i < end; i++) power = Math.imul(power, base);
  let before = 0;
  for (let i = begin; i < end; i++) {
    const value = codeOf(numbers[i]!);
    after = (after - Math.imul(value, power)) | 0;
    // `before` stands for i - begin words, with end - i - 1 words after them: base^(end - i - 1) is `power`.
    visit(mixBits((Math.imul(before, power) + after) | 0), numbers[i]!);
    before = (Math.imul(before, base) + value) | 0;
    power = Math.imul(power, inverseBase);
  }
  visit(mixBits(whole), -1);
}

/** base * inverseBase = 1 modulo 2^32 (Newton's iteration). */
const inverseBase = (() => {
  let x = base | 0;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(base, x));
  return x;
})();

interface DifferingPlace {
  /** Words before the difference. */
  readonly place: number;
  /** The text that has a word there. */
  readonly row: number;
}

/** Where two texts differ in one word without digits; undefined where they differ in more or less. */
function differingPlace({ numbers, starts, hasDigit }: WordTable, a: number, b: number): DifferingPlace | undefined {
  const [beginA, endA, beginB, endB] = [starts[a]!, starts[a + 1]!, starts[b]!, starts[b + 1]!];
  const [lengthA, lengthB] = [endA - beginA, endB - beginB];
  if (Math.abs(lengthA - lengthB) > 1) return undefined;
  const shorter = Math.min(lengthA, lengthB);
  let head = 0;
  while (head < shorter && numbers[beginA + head] === numbers[beginB + head]) head++;
  let tail = 0;
  while (tail < shorter - head && numbers[endA - 1 - tail] === numbers[endB - 1 - tail]) tail++;
  const [leftA, leftB] = [lengthA - head - tail, lengthB - head - tail];
  if (leftA > 1 || leftB > 1 || leftA + leftB === 0) return undefined;
  if (leftA === 1 && hasDigit[numbers[beginA + head]!] === 1) return undefined;
  if (leftB === 1 && hasDigit[numbers[beginB + head]!] === 1) return undefined;
  return { place: head, row: leftA === 1 ? a : b };
}

/** The pairs whose differing place is filled by few words in all texts, when every number is read as the same. */
function withoutTemplates(
  table: WordTable,
  rows: readonly number[],
  pairs: readonly [number, number][],
  mostFillers: number,
): [number, number][] {
  const codeOf = (number: number): number => (table.hasDigit[number] === 1 ? 0x51ed270b : mixBits(number + 1));
  /** Words in each place of interest, by the hash of the words around it. */
  const fillers = new Map<number, Set<number>>();
  const keys = pairs.map(([a, b]) => {
    const { place, row } = differingPlace(table, a, b)!;
    let at = 0;
    let found = 0;
    visitShortened(table, row, codeOf, (key) => {
      if (at++ === place) found = key;
    });
    fillers.set(found, new Set());
    return found;
  });
  if (pairs.length > 0)
    for (const row of rows)
      visitShortened(table, row, codeOf, (key, left) => {
        const seen = fillers.get(key);
        if (seen !== undefined && seen.size <= mostFillers)
          seen.add(left >= 0 && table.hasDigit[left] === 1 ? -2 : left);
      });
  return pairs.filter((_, i) => fillers.get(keys[i]!)!.size <= mostFillers);
}
