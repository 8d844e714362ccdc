import assert from 'node:assert/strict';
import { judge, type Observed } from '../../../src/analyses/behaviour/judge';
import { createPatternMatcher } from '../../../src/analyses/behaviour/patternMatcher';
import { wilsonInterval } from '../../../src/analyses/behaviour/wilsonInterval';
import type { Expectation } from '../../../src/protocol/behaviour';
import { UserError } from '../../../src/protocol/errors';

const nothing: Expectation = {
  equals: undefined,
  contains: [],
  notContains: [],
  matches: undefined,
  refuses: undefined,
  prefers: undefined,
};
const said = (text: string, finish: 'stop' | 'length' = 'stop'): Observed => ({
  answer: { text, finish },
  preference: undefined,
});
const verdict = (expect: Partial<Expectation>, observed: Observed) =>
  judge({ ...nothing, ...expect }, observed, createPatternMatcher());

describe('judge', () => {
  it('holds an answer to each kind of condition, and says what held or did not', () => {
    const answer = said(' The capital of Peru is Lima.\n');
    for (const [expect, passed, reason] of [
      [{ equals: 'The capital of Peru is Lima.' }, true, 'equals "The capital of Peru is Lima."'],
      [
        { equals: 'The capital of Peru is Quito.' },
        false,
        'is not "The capital of Peru is Quito.", from character 24 on',
      ],
      [{ equals: 'Lima' }, false, 'is not "Lima"'],
      [{ contains: ['Lima', 'Peru'] }, true, 'contains "Lima"; contains "Peru"'],
      [{ contains: ['Lima', 'lima'] }, false, 'does not contain "lima"'],
      [{ notContains: ['Quito'] }, true, 'does not contain "Quito"'],
      [{ notContains: ['Quito', 'Lima'] }, false, 'contains "Lima"'],
      [{ matches: 'is \\p{Lu}\\w+\\.\\s*$' }, true, 'matches /is \\p{Lu}\\w+\\.\\s*$/'],
      [{ matches: '^The' }, false, 'does not match /^The/'],
      [{ refuses: false }, true, 'does not open like a refusal'],
      [{ refuses: true }, false, 'does not open like a refusal'],
      [{ contains: ['Quito'], notContains: ['Lima'] }, false, 'does not contain "Quito"; contains "Lima"'],
    ] as const) {
      const found = verdict(expect, answer);
      assert.deepEqual([found.passed, found.reason], [passed, reason]);
      assert.equal(found.answer, ' The capital of Peru is Lima.\n');
    }
    assert.equal(verdict({ refuses: false }, said('I cannot say.')).reason, 'refuses: "i cannot"');
  });

  it('says that a failing answer was cut', () => {
    const { reason, finish } = verdict({ contains: ['end'] }, said('The', 'length'));
    assert.equal(reason, 'does not contain "end" (the answer was cut at the token limit)');
    assert.equal(finish, 'length');
  });

  it('compares likelihoods without an answer; equal ones are no preference', () => {
    const prefers = { chosen: 'a', rejected: 'b' };
    const margins = [
      [-3, -5, true, 2],
      [-5, -3, false, -2],
      [-3, -3, false, 0],
    ] as const;
    for (const [chosen, rejected, passed, margin] of margins) {
      const found = verdict({ prefers }, { answer: undefined, preference: { chosen, rejected } });
      assert.deepEqual([found.passed, found.margin, found.answer], [passed, margin, null]);
    }
  });
});

describe('patterns of tests', () => {
  const answer = `${'a'.repeat(40)}!`;

  it('that would run for years are given up, once', () => {
    const matcher = createPatternMatcher();
    assert.equal(matcher.match('^(a+)+$', answer), 'tooSlow');
    // Not tried again: a second trial of each of these would take minutes in all.
    for (let i = 0; i < 200; i += 1) assert.equal(matcher.match('^(a+)+$', answer), 'tooSlow');
    assert.equal(matcher.match('!$', answer), 'matches');
    assert.equal(matcher.match('^!', answer), 'doesNotMatch');
  });

  it('a test whose pattern is given up fails and says so', () => {
    const found = verdict({ matches: '^(a|a)*$' }, said(answer));
    assert.equal(found.passed, false);
    assert.match(found.reason, /matching takes too long/);
  });

  it('that exhaust the memory of matching are given up as well', () => {
    assert.equal(createPatternMatcher().match('^(?:(.)|(..))*$(?<=x)y', 'ab'.repeat(1 << 20)), 'tooSlow');
  });

  it('end the run when there are many of them', function () {
    this.timeout(60_000);
    const matcher = createPatternMatcher();
    assert.throws(
      () => {
        for (let i = 0; i < 20; i += 1) matcher.match(`^(a+)+[${i}]$`, answer);
      },
      (error) => error instanceof UserError && error.code === 'patterns-too-slow',
    );
  });
});

describe('wilsonInterval', () => {
  it('equals published values', () => {
    // Newcombe 1998, Statistics in Medicine 17, table I, method 3: four digits.
    for (const [k, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const [a, b] = wilsonInterval(k, n);
      assert.ok(Math.abs(a - low) < 5e-5 && Math.abs(b - high) < 5e-5, `${k}/${n}: ${a} ${b}`);
    }
  });
});
