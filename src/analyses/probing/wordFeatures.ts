import { words } from '../../text/lexical/words';

/** Words told apart at most: the most frequent. */
const mostWords = 2000;

export interface WordFeatures {
  /** [texts, words] */
  readonly values: Float32Array;
  readonly columns: number;
}

/**
 * A bag of words: of each text ln(1 + count) of each word times ln(texts / texts with it), brought to length 1. Words of
 * one text alone are left out: nothing held out could gain by them.
 */
export function wordFeatures(texts: readonly string[]): WordFeatures {
  const split = texts.map(words);
  const holders = new Map<string, number>();
  for (const text of split) for (const word of new Set(text)) holders.set(word, (holders.get(word) ?? 0) + 1);
  const vocabulary = [...holders]
    .filter(([, count]) => count >= 2 && count < texts.length)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, mostWords);
  const places = new Map(vocabulary.map(([word], place) => [word, place]));
  const columns = Math.max(1, vocabulary.length);
  const values = new Float32Array(texts.length * columns);
  for (const [i, text] of split.entries()) {
    const row = values.subarray(i * columns, (i + 1) * columns);
    for (const word of text) {
      const place = places.get(word);
      if (place !== undefined) row[place]! += 1;
    }
    let squared = 0;
    for (let j = 0; j < vocabulary.length; j++) {
      row[j] = Math.log1p(row[j]!) * Math.log(texts.length / vocabulary[j]![1]);
      squared += row[j]! ** 2;
    }
    if (squared > 0) for (let j = 0; j < columns; j++) row[j]! /= Math.sqrt(squared);
  }
  return { values, columns };
}
