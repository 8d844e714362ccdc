/** What turns one word into tokens. Words come from the pre-tokenizer; positions are UTF-16 units of the word. */

export interface EncodedWord {
  readonly ids: readonly number[];
  /** Half-open ranges of the word, one per token, in order. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface TokenModel {
  encodeWord(word: string): EncodedWord;
}

/** Words met again are looked up. Long ones are not kept, and a full cache starts anew, so its memory stays bounded. */
export function cacheWords(model: TokenModel): TokenModel {
  const longestKept = 64;
  const capacity = 65536;
  const cache = new Map<string, EncodedWord>();
  return {
    encodeWord(word) {
      const known = cache.get(word);
      if (known !== undefined) return known;
      const encoded = model.encodeWord(word);
      if (word.length <= longestKept) {
        if (cache.size >= capacity) cache.clear();
        cache.set(word, encoded);
      }
      return encoded;
    },
  };
}
