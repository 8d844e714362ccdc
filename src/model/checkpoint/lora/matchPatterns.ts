/**
 * Regular expressions out of an adapter's config. They are hostile input: a nested repetition can run for years, so they
 * run in a context of their own under a time limit.
 */
import vm from 'node:vm';
import { inputError } from '../../../protocol/errors';

const timeLimitMilliseconds = 2000;
const maximumPatternLength = 20_000;
const maximumPatterns = 10_000;

/**
 * For every name the index of the first pattern that matches it as a whole (Python's `re.fullmatch`), else -1. Throws a
 * UserError where a pattern cannot be read or takes too long; `file` is where the patterns come from.
 */
export function matchPatterns(file: string, patterns: readonly string[], names: readonly string[]): readonly number[] {
  const refuse = (problem: string, cause?: unknown) =>
    inputError(
      'adapter-pattern',
      `${file}: ${problem}.`,
      'Name the modules in target_modules, rank_pattern and alpha_pattern one by one.',
      { cause },
    );
  if (patterns.length > maximumPatterns) throw refuse(`it holds ${patterns.length} module patterns`);
  const sources = patterns.map((pattern) => {
    if (pattern.length > maximumPatternLength) throw refuse('it holds a module pattern that is far too long');
    const source = `^(?:${fromPython(pattern)})$`;
    try {
      new RegExp(source, 's');
    } catch (error) {
      throw refuse(`the module pattern ${JSON.stringify(pattern.slice(0, 200))} cannot be read`, error);
    }
    return source;
  });
  const context = vm.createContext({ input: JSON.stringify({ sources, names }) });
  const script = `
    const { sources, names } = JSON.parse(input);
    const patterns = sources.map((source) => new RegExp(source, 's'));
    JSON.stringify(names.map((name) => patterns.findIndex((pattern) => pattern.test(name))));`;
  try {
    const answer: unknown = vm.runInContext(script, context, { timeout: timeLimitMilliseconds });
    return JSON.parse(String(answer));
  } catch (error) {
    throw refuse(`its module patterns cannot be matched within ${timeLimitMilliseconds / 1000} s`, error);
  }
}

/** What Python spells differently: named groups, the end of the text, inline flags that change nothing here. */
function fromPython(pattern: string): string {
  return pattern
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\Z', '$')
    .replaceAll('\\A', '^')
    .replace(/^\(\?[asu]+\)/, '');
}
