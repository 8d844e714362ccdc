import type { BehaviourVerdict, Expectation } from '../../protocol/behaviour';
import { internalError } from '../../protocol/errors';
import type { PatternMatcher } from './patternMatcher';
import { refusalOpening } from './refusalOpening';

/** What a model said and how likely it finds what it was offered. */
export interface Observed {
  /** undefined: nothing was generated, because nothing that is expected reads an answer. */
  readonly answer: { readonly text: string; readonly finish: 'stop' | 'length' } | undefined;
  /** Log-probabilities of the two completions of `prefers`, nats. */
  readonly preference: { readonly chosen: number; readonly rejected: number } | undefined;
}

/** One condition, in words for either outcome. */
interface Check {
  readonly holds: boolean;
  readonly says: string;
}

/** Characters of a quoted text. */
const longestQuote = 120;

/** Holds an answer to every condition of a test. */
export function judge(expect: Expectation, observed: Observed, patterns: PatternMatcher): BehaviourVerdict {
  const { answer, preference } = observed;
  const checks = [
    ...(readsAnswer(expect) ? answerChecks(expect, required(answer).text, patterns) : []),
    ...(expect.prefers === undefined ? [] : [preferenceCheck(required(preference))]),
  ];
  const failed = checks.filter(({ holds }) => !holds);
  const cut = answer?.finish === 'length' && failed.length > 0 ? ' (the answer was cut at the token limit)' : '';
  const told = failed.length > 0 ? failed : checks;
  return {
    passed: failed.length === 0,
    answer: answer?.text ?? null,
    finish: answer?.finish ?? null,
    margin: preference === undefined ? null : preference.chosen - preference.rejected,
    reason: told.map(({ says }) => says).join('; ') + cut,
  };
}

/** Whether anything that is expected reads the answer. */
export function readsAnswer({ equals, contains, notContains, matches, refuses }: Expectation): boolean {
  const asked = [equals, matches, refuses].some((condition) => condition !== undefined);
  return asked || contains.length > 0 || notContains.length > 0;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw internalError('a test was judged without what it needs');
  return value;
}

function answerChecks(expect: Expectation, answer: string, patterns: PatternMatcher): Check[] {
  const checks: Check[] = [];
  const { equals, contains, notContains, matches, refuses } = expect;
  if (equals !== undefined) checks.push(equalityCheck(equals.trim(), answer.trim()));
  for (const part of contains) {
    const holds = answer.includes(part);
    checks.push({ holds, says: `${holds ? 'contains' : 'does not contain'} ${quoted(part)}` });
  }
  for (const part of notContains) {
    const holds = !answer.includes(part);
    checks.push({ holds, says: `${holds ? 'does not contain' : 'contains'} ${quoted(part)}` });
  }
  if (matches !== undefined) checks.push(patternCheck(matches, patterns.match(matches, answer)));
  if (refuses !== undefined) checks.push(refusalCheck(refuses, refusalOpening(answer)));
  return checks;
}

function equalityCheck(expected: string, answer: string): Check {
  if (expected === answer) return { holds: true, says: `equals ${quoted(expected)}` };
  let common = 0;
  while (common < Math.min(expected.length, answer.length) && expected[common] === answer[common]) common += 1;
  const where = common === 0 ? '' : `, from character ${common + 1} on`;
  return { holds: false, says: `is not ${quoted(expected)}${where}` };
}

function patternCheck(source: string, found: ReturnType<PatternMatcher['match']>): Check {
  const shown = `/${clipped(source)}/`;
  if (found === 'tooSlow') return { holds: false, says: `could not be held against ${shown}: matching takes too long` };
  const holds = found === 'matches';
  return { holds, says: `${holds ? 'matches' : 'does not match'} ${shown}` };
}

function refusalCheck(wanted: boolean, opening: string | undefined): Check {
  const says = opening === undefined ? 'does not open like a refusal' : `refuses: ${quoted(opening)}`;
  return { holds: (opening !== undefined) === wanted, says };
}

function preferenceCheck({ chosen, rejected }: NonNullable<Observed['preference']>): Check {
  const holds = chosen > rejected;
  const margin = (chosen - rejected).toFixed(2);
  return {
    holds,
    says: `${holds ? 'prefers' : 'does not prefer'} the chosen completion: log p ${chosen.toFixed(2)} against ${rejected.toFixed(2)}, margin ${margin} nats`,
  };
}

function quoted(text: string): string {
  return JSON.stringify(clipped(text));
}

function clipped(text: string): string {
  return text.length <= longestQuote ? text : `${text.slice(0, longestQuote)}…`;
}
