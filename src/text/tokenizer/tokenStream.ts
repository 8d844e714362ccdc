/** Text of generated tokens as they come, without broken characters. */
import type { Tokenizer } from '../types';

export interface TokenStream {
  /** The text that has become certain with this token; empty while a character is still incomplete. */
  push(id: number): string;
  /** What is left at the end, incomplete characters as U+FFFD. */
  finish(): string;
}

/**
 * Decodes incrementally. Only a short window of tokens is decoded anew for each token: it begins at the last place where
 * the text was complete, one token further back than what is shown, because decoders look at the neighbour on the left.
 */
export function createTokenStream(tokenizer: Tokenizer, special: 'showSpecial' | 'skipSpecial'): TokenStream {
  const decode = (ids: readonly number[]) =>
    special === 'skipSpecial' ? tokenizer.decodeSkippingSpecial(ids) : tokenizer.decode(ids);
  let window: number[] = [];
  /** Tokens of the window whose text has been given out, and that text. */
  let shownTokens = 0;
  let shownText = '';

  const advance = (): string => {
    const text = decode(window);
    const fresh = text.slice(shownText.length);
    window = window.slice(shownTokens);
    shownTokens = window.length;
    shownText = decode(window);
    return fresh;
  };

  return {
    push(id) {
      window.push(id);
      const text = decode(window);
      if (text.length <= shownText.length || text.endsWith('\ufffd')) return '';
      return advance();
    },
    finish() {
      const text = decode(window).slice(shownText.length);
      window = [];
      shownTokens = 0;
      shownText = '';
      return text;
    },
  };
}
