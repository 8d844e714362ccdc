import { internalError } from '../../protocol/errors';
import { words } from './words';

/** Settings of BM25, saved with its results. */
export interface Bm25Settings {
  /** How soon repetitions of a word stop counting; >= 0. Usual: 1.2 to 2. */
  readonly k1: number;
  /** How far long documents are marked down; in [0, 1]. Usual: 0.75. */
  readonly b: number;
  /** The variant, as Kamphuis et al. (2020) name them. */
  readonly method: 'lucene';
}

/** An index of documents by their words. */
export interface Bm25 {
  readonly documents: number;
  /** One score a document, >= 0; a word that the query repeats counts as often. Words that no document has add nothing. */
  score(query: string): Float32Array;
}

/**
 * BM25 (Robertson and Zaragoza 2009) in Lucene's form. With N documents, df of them with word w, tf occurrences of w in
 * document d of length |d| (in words), mean length L:
 *
 *   score(q, d) = sum over words w of q: ln(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 (1 - b + b |d| / L))
 *
 * The summands do not depend on the query: they are computed once, and a query adds up the lists of its words.
 */
export function buildBm25(documents: Iterable<string>, settings: Bm25Settings): Bm25 {
  const { k1, b } = settings;
  if (!(k1 >= 0 && Number.isFinite(k1) && b >= 0 && b <= 1)) throw internalError(`BM25 with k1 = ${k1}, b = ${b}`);
  const counted = countWords(documents);
  const { vocabulary, lengths, terms, frequencies, ends } = counted;
  const count = lengths.length;
  const averageLength = terms.length === 0 ? 1 : lengths.reduce((sum, length) => sum + length, 0) / count;

  // Postings of word w lie at [starts[w], starts[w + 1]), by document: a counting sort.
  const starts = new Uint32Array(vocabulary.size + 1);
  for (const term of terms) starts[term + 1] = starts[term + 1]! + 1;
  const rarity = Float64Array.from({ length: vocabulary.size }, (_, term) => {
    const df = starts[term + 1]!;
    return Math.log1p((count - df + 0.5) / (df + 0.5));
  });
  for (let term = 0; term < vocabulary.size; term++) starts[term + 1] = starts[term + 1]! + starts[term]!;
  const next = starts.slice();
  const places = new Uint32Array(terms.length);
  const impacts = new Float32Array(terms.length);
  let at = 0;
  for (let document = 0; document < count; document++) {
    const half = k1 * (1 - b + (b * lengths[document]!) / averageLength);
    for (; at < ends[document]!; at++) {
      const term = terms[at]!;
      const to = next[term]!;
      next[term] = to + 1;
      places[to] = document;
      impacts[to] = (rarity[term]! * frequencies[at]!) / (frequencies[at]! + half);
    }
  }

  return {
    documents: count,
    score: (query) => {
      const asked = new Map<number, number>();
      for (const word of words(query)) {
        const term = vocabulary.get(word);
        if (term !== undefined) asked.set(term, (asked.get(term) ?? 0) + 1);
      }
      const scores = new Float32Array(count);
      for (const [term, times] of asked) {
        const end = starts[term + 1]!;
        for (let i = starts[term]!; i < end; i++) {
          const document = places[i]!;
          scores[document] = scores[document]! + times * impacts[i]!;
        }
      }
      return scores;
    },
  };
}

interface WordCounts {
  /** Words by their number. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Words of each document, repetitions included. */
  readonly lengths: readonly number[];
  /** The different words of all documents, one document after another. */
  readonly terms: Uint32Array;
  /** How often the document has each of them. */
  readonly frequencies: Uint32Array;
  /** Where each document's words end in `terms`. */
  readonly ends: readonly number[];
}

function countWords(documents: Iterable<string>): WordCounts {
  const vocabulary = new Map<string, number>();
  const lengths: number[] = [];
  const ends: number[] = [];
  let terms = new Uint32Array(1 << 16);
  let frequencies = new Uint32Array(1 << 16);
  let used = 0;
  /** Where the document at hand has a word in `terms`, by word: valid at or after the document's begin. */
  const placeOf: number[] = [];
  for (const document of documents) {
    const begin = used;
    const found = words(document);
    if (used + found.length > terms.length) {
      const length = Math.max(2 * terms.length, used + found.length);
      terms = grown(terms, length);
      frequencies = grown(frequencies, length);
    }
    for (const word of found) {
      let term = vocabulary.get(word);
      if (term === undefined) {
        term = vocabulary.size;
        vocabulary.set(word, term);
        placeOf.push(-1);
      }
      const place = placeOf[term]!;
      if (place >= begin) {
        frequencies[place] = frequencies[place]! + 1;
      } else {
        placeOf[term] = used;
        terms[used] = term;
        frequencies[used] = 1;
        used++;
      }
    }
    lengths.push(found.length);
    ends.push(used);
  }
  return { vocabulary, lengths, terms: terms.subarray(0, used), frequencies: frequencies.subarray(0, used), ends };
}

function grown(values: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(length);
  result.set(values);
  return result;
}
