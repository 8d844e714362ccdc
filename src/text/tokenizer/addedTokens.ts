/** Tokens that are found in a text before anything else happens to it: `added_tokens` of tokenizer.json. */

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out by `decodeSkippingSpecial`. */
  readonly special: boolean;
  /** Searched in the normalized text instead of the source. */
  readonly normalized: boolean;
  /** Found only where no word character stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before (after) it. */
  readonly stripLeft: boolean;
  readonly stripRight: boolean;
}

/** A token found in a text: units [from, to). */
export interface FoundToken {
  readonly from: number;
  readonly to: number;
  readonly token: AddedToken;
}

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  token: AddedToken | undefined;
}

export type AddedTokenFinder = (text: string) => FoundToken[];

/** Finds tokens from the left, the longest one at each place, without overlaps. `spelling` is what is searched for. */
export function createAddedTokenFinder(
  tokens: readonly AddedToken[],
  spelling: (token: AddedToken) => string,
): AddedTokenFinder | undefined {
  const root: TrieNode = { next: new Map(), token: undefined };
  let empty = true;
  for (const token of tokens) {
    const content = spelling(token);
    if (content === '') continue;
    insert(root, content, token);
    empty = false;
  }
  return empty ? undefined : (text) => findAll(root, text);
}

function insert(root: TrieNode, content: string, token: AddedToken): void {
  let node = root;
  for (let unit = 0; unit < content.length; unit++) {
    const code = content.charCodeAt(unit);
    let child = node.next.get(code);
    if (child === undefined) {
      child = { next: new Map(), token: undefined };
      node.next.set(code, child);
    }
    node = child;
  }
  node.token = token;
}

function findAll(root: TrieNode, text: string): FoundToken[] {
  const found: FoundToken[] = [];
  let taken = 0; // end of the last token, with the white space it took
  let unit = 0;
  while (unit < text.length) {
    const match = longestAt(root, text, unit);
    if (match === undefined) {
      unit += 1;
      continue;
    }
    const { token, to } = match;
    const next = unit + (to - unit);
    if (!token.singleWord || standsAlone(text, unit, to)) {
      const from = token.stripLeft ? Math.max(taken, startOfSpace(text, unit)) : Math.max(taken, unit);
      taken = token.stripRight ? endOfSpace(text, to) : to;
      found.push({ from, to: taken, token });
    }
    unit = Math.max(next, taken);
  }
  return found;
}

function longestAt(root: TrieNode, text: string, start: number): { token: AddedToken; to: number } | undefined {
  let node = root.next.get(text.charCodeAt(start));
  let best: { token: AddedToken; to: number } | undefined;
  let unit = start + 1;
  while (node !== undefined) {
    if (node.token !== undefined) best = { token: node.token, to: unit };
    if (unit >= text.length) break;
    node = node.next.get(text.charCodeAt(unit));
    unit += 1;
  }
  return best;
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;

function standsAlone(text: string, from: number, to: number): boolean {
  return !wordBefore.test(text.slice(Math.max(0, from - 2), from)) && !wordAfter.test(text.slice(to, to + 2));
}

const space = /^\p{White_Space}$/u;

function startOfSpace(text: string, unit: number): number {
  let start = unit;
  while (start > 0 && space.test(text[start - 1]!)) start -= 1;
  return start;
}

function endOfSpace(text: string, unit: number): number {
  let end = unit;
  while (end < text.length && space.test(text[end]!)) end += 1;
  return end;
}
