/** Patterns of tokenizer.json (Oniguruma syntax) as JavaScript expressions, by the translation of the tokenizers library. */
import { SplitPreTokenizer } from '@huggingface/tokenizers';
import type { ConfigReader } from '../configReader';

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
    return compilePattern(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw pattern.damaged('Regex', `cannot be used as an expression: ${error.message}`);
  }
}
