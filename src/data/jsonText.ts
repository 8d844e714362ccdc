/**
 * Looks at JSON text without recursion, so that depth cannot exhaust the stack: structure counts before parsing, and for
 * text that does not parse the place and reason, in words that do not depend on the version of Node.
 */

export interface TextStructure {
  /** Deepest nesting of `{` and `[`. */
  readonly depth: number;
  /** `:` outside strings: the number of keys as written, duplicates included. */
  readonly keys: number;
}

/** One pass over the text; strings are hopped over. Counts are right where the text is valid JSON. */
export function textStructure(text: string): TextStructure {
  let depth = 0;
  let deepest = 0;
  let keys = 0;
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) {
      const end = stringEnd(text, i);
      if (end === -1) break;
      i = end + 1;
      continue;
    }
    if (unit === 0x7b || unit === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (unit === 0x7d || unit === 0x5d) depth--;
    else if (unit === 0x3a) keys++;
    i++;
  }
  return { depth: deepest, keys };
}

/** Index of the quote that closes the string opened at `start`, or -1. */
export function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let first = end;
    while (text.charCodeAt(first - 1) === 0x5c) first--;
    if ((end - first) % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/** Keys that an object of the text holds twice, each with its dotted place (`messages[0].role`). Text must be valid JSON. */
export function duplicateKeys(text: string): string[] {
  interface Frame {
    readonly keys: Set<string> | undefined;
    index: number;
    key: string;
  }
  const stack: Frame[] = [];
  const found: string[] = [];
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i);
    const top = stack.at(-1);
    if (unit === 0x22) {
      const end = stringEnd(text, i);
      if (end === -1) break;
      let after = end + 1;
      while (isSpace(text.charCodeAt(after))) after++;
      if (top?.keys !== undefined && text.charCodeAt(after) === 0x3a) {
        const key = JSON.parse(text.slice(i, end + 1)) as string;
        top.key = key;
        if (top.keys.has(key)) found.push(placeOf(stack));
        top.keys.add(key);
        i = after + 1;
      } else i = end + 1;
      continue;
    }
    if (unit === 0x7b) stack.push({ keys: new Set(), index: 0, key: '' });
    else if (unit === 0x5b) stack.push({ keys: undefined, index: 0, key: '' });
    else if (unit === 0x7d || unit === 0x5d) stack.pop();
    else if (unit === 0x2c && top !== undefined) top.index++;
    i++;
  }
  return found;

  function placeOf(frames: readonly Frame[]): string {
    let place = '';
    for (const frame of frames) {
      place += frame.keys === undefined ? `[${frame.index}]` : `${place === '' ? '' : '.'}${frame.key}`;
    }
    return place;
  }
}

export interface JsonFault {
  /** Index in the text (UTF-16 units). */
  readonly index: number;
  /** What was found and what was expected there. */
  readonly reason: string;
}

type Expected = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd';

const literals = ['true', 'false', 'null'];
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Where and why a text is not JSON; undefined where it is. A pushdown machine with its own stack. */
export function jsonFault(text: string): JsonFault | undefined {
  const closers: ('}' | ']')[] = [];
  let i = 0;
  let expect = 'value' as Expected;
  for (;;) {
    while (isSpace(text.charCodeAt(i))) i++;
    if (i >= text.length) {
      if (expect === 'commaOrEnd' && closers.length === 0) return undefined;
      const missing = closers.length > 0 ? `a closing ${closers.at(-1)} is missing` : 'there is no value';
      return { index: text.length, reason: `the text ends too early, ${missing}` };
    }
    const char = text[i]!;
    if (expect === 'commaOrEnd') {
      if (closers.length === 0) return { index: i, reason: `${shown(text, i)} after the end of the value` };
      if (char === closers.at(-1)) closers.pop();
      else if (char === ',') expect = closers.at(-1) === '}' ? 'key' : 'value';
      else return { index: i, reason: `${shown(text, i)} where , or ${closers.at(-1)} is expected` };
      i++;
    } else if (expect === 'colon') {
      if (char !== ':') return { index: i, reason: `${shown(text, i)} where : is expected` };
      expect = 'value';
      i++;
    } else if ((expect === 'keyOrEnd' || expect === 'valueOrEnd') && char === closers.at(-1)) {
      closers.pop();
      expect = 'commaOrEnd';
      i++;
    } else if (char === '"') {
      const fault = stringFault(text, i);
      if (typeof fault !== 'number') return fault;
      expect = expect === 'key' || expect === 'keyOrEnd' ? 'colon' : 'commaOrEnd';
      i = fault;
    } else if (expect === 'key' || expect === 'keyOrEnd') {
      return { index: i, reason: `${shown(text, i)} where a key in double quotes is expected` };
    } else if (char === '{') {
      closers.push('}');
      expect = 'keyOrEnd';
      i++;
    } else if (char === '[') {
      closers.push(']');
      expect = 'valueOrEnd';
      i++;
    } else {
      const literal = literals.find((word) => text.startsWith(word, i));
      numberPattern.lastIndex = i;
      const length = literal?.length ?? numberPattern.exec(text)?.[0].length;
      if (length === undefined) return { index: i, reason: `${shown(text, i)} where a value is expected` };
      expect = 'commaOrEnd';
      i += length;
    }
  }
}

/** Index after the closing quote, or the fault inside the string. */
function stringFault(text: string, start: number): number | JsonFault {
  for (let i = start + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) return i + 1;
    if (unit < 0x20) return { index: i, reason: `a bare control character ${shown(text, i)} inside a string` };
    if (unit !== 0x5c) continue;
    i++;
    const next = text[i];
    if (next === 'u') {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(i + 1, i + 5))) {
        return { index: i - 1, reason: 'a \\u escape without four hexadecimal digits' };
      }
      i += 4;
    } else if (next !== undefined && !'"\\/bfnrt'.includes(next)) {
      return { index: i - 1, reason: `the escape \\${shown(text, i)}, which JSON does not have` };
    }
  }
  return { index: text.length, reason: 'the text ends inside a string, a closing " is missing' };
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

function shown(text: string, index: number): string {
  const code = text.codePointAt(index)!;
  return code < 0x20 || code === 0x7f || (code >= 0xd800 && code <= 0xdfff)
    ? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    : String.fromCodePoint(code);
}
