/**
 * lexical/ compares texts by their words alone: no model, no session, no disk. Results are a function of the texts.
 */

/** What a code unit is to the splitter. */
const separator = 0;
/** Letters, marks and digits: runs of them are words. */
const inWord = 1;
/** A character of a script that is written without spaces: a word by itself. */
const alone = 2;

const wordCharacter = /[\p{L}\p{M}\p{N}]/u;
const unspacedCharacter =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const combining = /\p{M}/u;

function classOf(character: string): number {
  if (!wordCharacter.test(character)) return separator;
  // A mark belongs to the letter before it in any script.
  return unspacedCharacter.test(character) && !combining.test(character) ? alone : inWord;
}

/** The class of every code unit, filled where first met (1 + class; 0 for not met). */
const known = new Uint8Array(1 << 16);

function classOfUnit(unit: number): number {
  const found = known[unit]!;
  if (found !== 0) return found - 1;
  const value = classOf(String.fromCharCode(unit));
  known[unit] = value + 1;
  return value;
}

/**
 * The words of a text in order: runs of letters, marks and digits, in compatibility form (NFKC) and lower case; each
 * character of a script without spaces (Chinese, Japanese, Thai and their like) is a word. Punctuation, symbols and
 * white space only separate.
 */
export function words(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase();
  const result: string[] = [];
  let begin = -1;
  let at = 0;
  while (at < plain.length) {
    const unit = plain.charCodeAt(at);
    let width = 1;
    let kind: number;
    if (unit >= 0xd800 && unit < 0xe000) {
      // A pair of surrogates is one character; half a pair is none, and separates.
      const point = plain.codePointAt(at)!;
      width = point > 0xffff ? 2 : 1;
      kind = classOf(String.fromCodePoint(point));
    } else {
      kind = classOfUnit(unit);
    }
    if (kind !== inWord && begin >= 0) {
      result.push(plain.slice(begin, at));
      begin = -1;
    }
    if (kind === alone) result.push(plain.slice(at, at + width));
    else if (kind === inWord && begin < 0) begin = at;
    at += width;
  }
  if (begin >= 0) result.push(plain.slice(begin));
  return result;
}
