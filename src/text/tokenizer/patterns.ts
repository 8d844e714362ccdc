/** Patterns of tokenizer.json (Oniguruma syntax) as JavaScript expressions, by the translation of the tokenizers library. */
import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { inputError } from '../../protocol/errors';
import type { ConfigReader } from '../configReader';
import { withinTimeLimit } from '../withinTimeLimit';

/** GPT-2's rule: contractions, then words, numbers and signs with one leading space, then white space. */
export const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** A global expression for an Oniguruma pattern; throws a SyntaxError where it has no JavaScript form. */
export function compilePattern(source: string): RegExp {
  const { pattern } = new SplitPreTokenizer({
    type: 'Split',
    pattern: { Regex: source },
    behavior: 'Isolated',
    invert: false,
  });
  if (pattern === null) throw new SyntaxError(`the pattern ${source} has no JavaScript form`);
  return pattern;
}

/** The `pattern` of a Split or Replace step: `{ "Regex": … }` or `{ "String": … }`. */
export function readPattern(config: ConfigReader): RegExp {
  const pattern = config.object('pattern');
  const literal = pattern.optionalString('String');
  if (literal !== undefined) return new RegExp(literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'), 'gu');
  const source = pattern.string('Regex');
  try {
    const compiled = compilePattern(source);
    if (repeatsRepetition(source)) slow.add(compiled);
    return compiled;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw pattern.damaged('Regex', `cannot be used as an expression: ${error.message}`);
  }
}

/** Patterns that some text could keep busy for ever. */
const slow = new WeakSet<RegExp>();

/** Milliseconds that one pattern may take on one text. */
const patternMilliseconds = 5000;

/**
 * Does work that applies a pattern of a file; where the pattern could take exponential time, under a time limit.
 *
 * @throws UserError `tokenizer-pattern-slow`
 */
export function applyPattern<T>(pattern: RegExp, work: () => T): T {
  if (!slow.has(pattern)) return work();
  return withinTimeLimit(patternMilliseconds, work, (cause) =>
    inputError(
      'tokenizer-pattern-slow',
      `The tokenizer's pattern ${pattern.source.slice(0, 200)} takes more than ${patternMilliseconds / 1000} seconds for one text.`,
      'Use the tokenizer.json that belongs to the model, or shorten the text.',
      cause,
    ),
  );
}

/**
 * Whether a group that repeats or has alternatives is itself repeated, as in `(a+)+`: only such expressions can take
 * exponential time. Patterns of tokenizers in use hardly ever are.
 */
function repeatsRepetition(source: string): boolean {
  /** One entry an open group: whether it has an unbounded repetition or alternatives so far. */
  const open: boolean[] = [];
  let inClass = false;
  for (let i = 0; i < source.length; i += 1) {
    const sign = source[i]!;
    if (sign === '\\') i += 1;
    else if (inClass) inClass = sign !== ']';
    else if (sign === '[') inClass = true;
    else if (sign === '(') open.push(false);
    else if ('+*|{'.includes(sign)) markLast(open);
    else if (sign === ')') {
      const varies = open.pop() ?? false;
      if (varies && /^[+*{]/.test(source.slice(i + 1, i + 2))) return true;
      // What varies inside varies outside.
      if (varies) markLast(open);
    }
  }
  return false;
}

function markLast(flags: boolean[]): void {
  if (flags.length > 0) flags[flags.length - 1] = true;
}
