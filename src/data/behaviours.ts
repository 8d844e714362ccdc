import type { Expectation } from '../protocol/behaviour';
import { inputError } from '../protocol/errors';
import type { JsonObject, JsonValue } from '../protocol/json';
import { nearest } from './config/check';
import type { DataLimits } from './limits';
import { own } from './own';
import { rowOf, rowProblem } from './parseRow';
import { checkedBy, misspelled, readId, readTurns } from './queries';
import { readRows } from './readRows';
import { RowFault, wrongType } from './schemas/fault';
import type { Message, Row, RowAddress, RowProblem } from './types';

/** A behaviour test of a file; a `BehaviourCase` with the whole of its address. */
export interface BehaviourTest {
  readonly id: string;
  readonly address: RowAddress;
  readonly prompt: string | readonly Message[];
  readonly expect: Expectation;
  readonly tags: readonly string[];
}

const expectationKeys = ['equals', 'contains', 'notContains', 'matches', 'refuses', 'prefers'];
const knownKeys = ['id', 'prompt', 'messages', 'expect', 'tags'];
const maxPattern = 1000;

/**
 * Reads behaviour tests: `{id, prompt or messages, expect, tags}`. A row that is no test is a problem.
 * @throws UserError where the file cannot be read at all
 */
export async function parseBehaviours(
  path: string,
  options: { readonly file: string; readonly limits: DataLimits },
): Promise<{ readonly tests: readonly BehaviourTest[]; readonly problems: readonly RowProblem[] }> {
  const tests: BehaviourTest[] = [];
  const problems: RowProblem[] = [];
  const rowOfId = new Map<string, number>();
  for await (const batch of readRows(path, options)) {
    problems.push(...batch.problems);
    for (const row of batch.rows) {
      try {
        problems.push(...misspelled(row, knownKeys));
        const test = readTest(row);
        const before = rowOfId.get(test.id);
        if (before !== undefined) {
          throw new RowFault(
            'duplicate-id',
            `the id "${test.id}" is taken by row ${before}.`,
            'Give each test its own id.',
          );
        }
        rowOfId.set(test.id, row.address.row);
        tests.push(test);
      } catch (error) {
        if (!(error instanceof RowFault)) throw error;
        problems.push(rowProblem('error', row.address, error.code, error.message, error.next));
      }
    }
  }
  return { tests, problems };
}

/**
 * A test that stands in no file: the same keys as a row of one.
 *
 * @param origin where it comes from, for messages: `--prompt`
 * @param number 0-based, among the tests of the same origin
 * @throws UserError where it is no test
 */
export function inlineBehaviour(value: JsonObject, origin: string, number: number): BehaviourTest {
  try {
    return readTest(rowOf(value, { file: origin, row: number, line: undefined, bytes: undefined }));
  } catch (error) {
    if (!(error instanceof RowFault)) throw error;
    throw inputError(error.code, `${origin}: ${error.message}`, error.next);
  }
}

/** What is wrong with one row of a file of tests by itself. */
export function checkBehaviour(row: Row): readonly RowProblem[] {
  return [
    ...misspelled(row, knownKeys),
    ...checkedBy(row, () => {
      readTest(row);
    }),
  ];
}

function readTest(row: Row): BehaviourTest {
  const { value, address } = row;
  const expect = own(value, 'expect');
  if (typeof expect !== 'object' || expect === null || Array.isArray(expect)) {
    throw wrongType('expect', 'an object', expect);
  }
  return {
    id: readId(row),
    address,
    prompt: Object.hasOwn(value, 'messages') ? readTurns(value) : readText(value, 'prompt', 'prompt'),
    expect: readExpectation(expect as JsonObject),
    tags: readTexts(value, 'tags', 'tags'),
  };
}

function readExpectation(expect: JsonObject): Expectation {
  const keys = Object.keys(expect);
  const unknown = keys.find((key) => !expectationKeys.includes(key));
  if (unknown !== undefined || keys.length === 0) {
    const near = unknown === undefined ? undefined : nearest(unknown, expectationKeys);
    throw new RowFault(
      'expectation-unknown',
      unknown === undefined ? 'expect is empty.' : `expect has the unknown key "${unknown}".`,
      near === undefined ? `Use one of ${expectationKeys.join(', ')}.` : `Did you mean "${near}"?`,
    );
  }
  const optional = (key: string) => (Object.hasOwn(expect, key) ? readText(expect, key, `expect.${key}`) : undefined);
  const refuses = own(expect, 'refuses');
  if (refuses !== undefined && typeof refuses !== 'boolean')
    throw wrongType('expect.refuses', 'true or false', refuses);
  const matches = optional('matches');
  if (matches !== undefined) checkPattern(matches);
  return {
    equals: optional('equals'),
    contains: readTexts(expect, 'contains', 'expect.contains'),
    notContains: readTexts(expect, 'notContains', 'expect.notContains'),
    matches,
    refuses,
    prefers: Object.hasOwn(expect, 'prefers') ? readPreference(expect.prefers!) : undefined,
  };
}

function checkPattern(source: string): void {
  if (source.length > maxPattern) {
    throw new RowFault('bad-pattern', `expect.matches has ${source.length} characters.`, `Use at most ${maxPattern}.`);
  }
  try {
    new RegExp(source, 'u');
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: /, '');
    throw new RowFault('bad-pattern', `expect.matches is no regular expression: ${reason}.`, 'Correct it.');
  }
}

/** `{chosen, rejected}`, or the two texts as a list. */
function readPreference(value: JsonValue): Expectation['prefers'] {
  const [chosen, rejected] = Array.isArray(value)
    ? value.length === 2
      ? (value as readonly JsonValue[])
      : []
    : typeof value === 'object' && value !== null
      ? [own(value as JsonObject, 'chosen'), own(value as JsonObject, 'rejected')]
      : [];
  if (typeof chosen !== 'string' || typeof rejected !== 'string') {
    throw wrongType('expect.prefers', 'an object of the texts chosen and rejected', value);
  }
  return { chosen, rejected };
}

function readText(value: JsonObject, key: string, place: string): string {
  const text = own(value, key);
  if (typeof text !== 'string') throw wrongType(place, 'a text', text);
  return text;
}

/** A text or a list of texts; absent is an empty list. */
function readTexts(value: JsonObject, key: string, place: string): readonly string[] {
  const found = own(value, key) ?? [];
  const list = Array.isArray(found) ? (found as readonly JsonValue[]) : [found];
  for (const item of list) if (typeof item !== 'string') throw wrongType(place, 'a text or a list of texts', item);
  return list as readonly string[];
}
