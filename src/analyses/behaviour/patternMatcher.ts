/**
 * Regular expressions out of test files. They are hostile input: a nested repetition can run for years on a short answer.
 * They run under a time limit that ends them within a single match (`withinTimeLimit`); a linear-time engine would need a
 * native package and would refuse look-around and back-references, which tests use. A pattern that was too slow once is
 * not tried again, and too many of them end the run, so that a file of slow patterns costs seconds.
 */
import { inputError, UserError } from '../../protocol/errors';
import { withinTimeLimit } from '../../text/withinTimeLimit';

/** Milliseconds that one pattern may take on one answer. */
const timeLimit = 1000;
/** Slow patterns of one run. */
const mostSlowPatterns = 5;

export type PatternAnswer = 'matches' | 'doesNotMatch' | 'tooSlow';

/** Whether patterns match texts, in bounded time. */
export interface PatternMatcher {
  /** @throws UserError `patterns-too-slow` where too many patterns of the run took too long */
  match(source: string, text: string): PatternAnswer;
}

/** What a pattern that is too slow is told by. */
const slow = inputError('pattern-too-slow', 'A pattern took too long.', 'Simplify it.');

/** A matcher for one run of tests. The patterns compile: they were tried when they were read. */
export function createPatternMatcher(): PatternMatcher {
  const slowSources = new Set<string>();
  return {
    match: (source, text) => {
      if (slowSources.has(source)) return 'tooSlow';
      const found = matchWithItsTime(source, text);
      if (found !== 'tooSlow') return found;
      slowSources.add(source);
      if (slowSources.size >= mostSlowPatterns) {
        throw inputError(
          'patterns-too-slow',
          `${slowSources.size} patterns of expect.matches took more than ${timeLimit / 1000} s each, the last one /${source.slice(0, 200)}/.`,
          'Rewrite them without repetitions inside repetitions.',
        );
      }
      return found;
    },
  };
}

/** Times a pattern is tried again that the machine gave no time to. */
const mostTries = 5;

/** A limit of wall time may pass while the process waits for its turn: the pattern is not slow for that. */
function matchWithItsTime(source: string, text: string): PatternAnswer {
  for (let tries = 1; ; tries++) {
    const before = process.cpuUsage();
    const found = matchOnce(source, text);
    const { user, system } = process.cpuUsage(before);
    const hadItsTime = (user + system) / 1000 > timeLimit / 2;
    if (found !== 'tooSlow' || hadItsTime || tries === mostTries) return found;
  }
}

function matchOnce(source: string, text: string): PatternAnswer {
  const pattern = new RegExp(source, 'u');
  try {
    return withinTimeLimit(
      timeLimit,
      () => (pattern.test(text) ? 'matches' : 'doesNotMatch'),
      () => slow,
    );
  } catch (error) {
    // V8 gives up with a RangeError where backtracking has filled its memory: as hopeless as one that takes too long.
    if (error === slow || (!(error instanceof UserError) && error instanceof RangeError)) return 'tooSlow';
    throw error;
  }
}
