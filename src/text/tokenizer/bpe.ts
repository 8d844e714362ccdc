/**
 * Byte-pair encoding. Our own, because the tokenizers library's returns no positions, drops unknown characters after
 * merging instead of before (so that "a", a vanished byte and "b" never meet), knows no `continuing_subword_prefix`, and
 * keys its merges by JSON text. The order of merges is that of the reference: lowest rank first, leftmost first.
 */
import type { EncodedWord, TokenModel } from './tokenModel';

/** A merge rule; rules of equal rank are applied from the left. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
  readonly rank: number;
}

export interface BpeSettings {
  readonly idOf: ReadonlyMap<string, number>;
  readonly merges: readonly Merge[];
  readonly unknownId: number | undefined;
  /** Neighbouring unknown characters make one unknown token. */
  readonly fuseUnknown: boolean;
  /** Characters that are no tokens become `<0xNN>` tokens of their UTF-8 bytes. */
  readonly byteFallback: boolean;
  /** A word that is a token is that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  readonly continuingPrefix: string;
  readonly endOfWordSuffix: string;
  /** What a character outside the vocabulary does where it is not replaced: gone before merging, or a wall between its neighbours. */
  readonly missing: 'vanishes' | 'separates';
}

/** Positions are packed below the rank in one heap key: 2^27 positions x 2^25 ranks stay exact in a double. */
const positionLimit = 2 ** 27;
/** Stands for a character outside the vocabulary that keeps its neighbours apart. */
const wall = -1;

export function createBpe(settings: BpeSettings): TokenModel {
  const idLimit = 2 ** 26;
  const pairs = new Map<number, Merge>();
  for (const merge of settings.merges) {
    const key = merge.left * idLimit + merge.right;
    // Of two rules for one pair the later one counts, as in the reference.
    pairs.set(key, merge);
  }
  const pairOf = (left: number, right: number) =>
    left < 0 || right < 0 ? undefined : pairs.get(left * idLimit + right);

  return {
    encodeWord(word) {
      if (settings.ignoreMerges) {
        const whole = settings.idOf.get(word);
        if (whole !== undefined) return { ids: [whole], starts: [0], ends: [word.length] };
      }
      const symbols = splitCharacters(word, settings);
      return symbols.ids.length < 2 && symbols.ids[0] !== wall ? symbols : mergeSymbols(symbols, pairOf);
    },
  };
}

interface Symbols {
  readonly ids: number[];
  readonly starts: number[];
  readonly ends: number[];
}

const encoder = new TextEncoder();

function splitCharacters(word: string, settings: BpeSettings): Symbols {
  const symbols: Symbols = { ids: [], starts: [], ends: [] };
  const push = (id: number, start: number, end: number) => {
    symbols.ids.push(id);
    symbols.starts.push(start);
    symbols.ends.push(end);
  };
  let unknownEnd = -1; // end of the last unknown token, to fuse with
  let start = 0;
  for (const character of word) {
    const end = start + character.length;
    const spelled =
      (start > 0 ? settings.continuingPrefix : '') + character + (end === word.length ? settings.endOfWordSuffix : '');
    const id = settings.idOf.get(spelled);
    const bytes = id === undefined && settings.byteFallback ? byteTokens(spelled, settings.idOf) : undefined;
    if (id !== undefined) push(id, start, end);
    else if (bytes !== undefined) for (const byte of bytes) push(byte, start, end);
    else if (settings.unknownId !== undefined) {
      if (settings.fuseUnknown && unknownEnd === start) symbols.ends[symbols.ends.length - 1] = end;
      else push(settings.unknownId, start, end);
      unknownEnd = end;
    } else if (settings.missing === 'separates') push(wall, start, end);
    start = end;
  }
  return symbols;
}

function byteTokens(character: string, idOf: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(character)) {
    const id = idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

function mergeSymbols(symbols: Symbols, pairOf: (left: number, right: number) => Merge | undefined): EncodedWord {
  const { ids, starts, ends } = symbols;
  const count = ids.length;
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
  const dead = new Uint8Array(count);
  const heap: number[] = [];
  const offer = (left: number) => {
    const right = next[left]!;
    const pair = right < 0 ? undefined : pairOf(ids[left]!, ids[right]!);
    if (pair !== undefined) heapPush(heap, pair.rank * positionLimit + left);
  };
  for (let i = 0; i + 1 < count; i++) offer(i);
  while (heap.length > 0) {
    const key = heapPop(heap);
    const left = key % positionLimit;
    const right = next[left]!;
    if (dead[left] === 1 || right < 0) continue;
    const pair = pairOf(ids[left]!, ids[right]!);
    // The neighbours may have changed since this entry was made.
    if (pair === undefined || pair.rank !== (key - left) / positionLimit) continue;
    ids[left] = pair.merged;
    ends[left] = ends[right]!;
    dead[right] = 1;
    next[left] = next[right]!;
    if (next[left]! >= 0) previous[next[left]!] = left;
    if (previous[left]! >= 0) offer(previous[left]!);
    offer(left);
  }
  const kept = { ids: [] as number[], starts: [] as number[], ends: [] as number[] };
  for (let i = 0; i >= 0; i = next[i]!) {
    if (ids[i] === wall) continue;
    kept.ids.push(ids[i]!);
    kept.starts.push(starts[i]!);
    kept.ends.push(ends[i]!);
  }
  return kept;
}

function heapPush(heap: number[], key: number): void {
  let at = heap.length;
  heap.push(key);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= key) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = key;
}

function heapPop(heap: number[]): number {
  const top = heap[0]!;
  const key = heap.pop()!;
  const count = heap.length;
  if (count === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && heap[child + 1]! < heap[child]!) child += 1;
    if (heap[child]! >= key) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = key;
  return top;
}
