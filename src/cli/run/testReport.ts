import type { Expectation, PassRate, TestedBehaviour, TestResult } from '../../protocol/behaviour';
import type { FailureRule } from '../commands/test';
import { type Column, formatTable, oneLine } from '../printTable';

/** With more tests than this, those that pass with every model are counted, not listed. */
const listedTests = 60;
/** Failures that are shown one by one. */
const shownFailures = 20;
/** Characters of a line of a failure. */
const width = 110;

/** Test results for people: the table, what failed and why, pass rates, and what changed. Ends with a newline. */
export function formatTestReport(result: TestResult, failOn: FailureRule): string {
  return [testTable(result), failures(result), rateTable(result), conclusion(result, failOn)]
    .filter((part) => part !== '')
    .join('\n');
}

function testTable({ tests, models, comparisons }: TestResult): string {
  const passesAll = ({ results }: TestedBehaviour): boolean => results.every(({ passed }) => passed);
  const many = tests.length > listedTests;
  const listed = many ? tests.filter((test) => !passesAll(test)) : tests;
  const columns: Column<TestedBehaviour>[] = [
    { title: 'test', align: 'left', cell: ({ id }) => oneLine(id, 40) },
    ...models.map(
      ({ label }, i): Column<TestedBehaviour> => ({
        title: oneLine(label, 24),
        align: 'left',
        cell: ({ results }) => (results[i]!.passed ? 'pass' : 'FAIL'),
      }),
    ),
    ...(comparisons.length === 0
      ? []
      : [{ title: 'change', align: 'left', cell: changeOf } satisfies Column<TestedBehaviour>]),
    { title: 'tags', align: 'left', cell: ({ tags }) => oneLine(tags.join(' '), 40) },
  ];
  const rest = many ? `… and ${tests.length - listed.length} tests that pass with every model\n` : '';
  return (listed.length === 0 ? '' : formatTable(columns, listed)) + rest;
}

/** From the first model to the last. */
function changeOf({ results }: TestedBehaviour): string {
  const [before, now] = [results[0]!.passed, results.at(-1)!.passed];
  if (before === now) return '';
  return before ? 'regressed' : 'fixed';
}

/** What the last model fails: expected against answered, the other models' answers beside it. Regressions come first. */
function failures({ tests }: TestResult): string {
  const failed = tests.filter(({ results }) => !results.at(-1)!.passed);
  const regressed = failed.filter((test) => changeOf(test) === 'regressed');
  const ordered = [...regressed, ...failed.filter((test) => !regressed.includes(test))];
  const rest = ordered.length - shownFailures;
  return (
    ordered.slice(0, shownFailures).map(failure).join('\n') +
    (rest > 0 ? `\n… and ${rest} more failures; --json and --out have them all.\n` : '')
  );
}

function failure(test: TestedBehaviour): string {
  const { id, file, line, row, prompt, expect, results } = test;
  const place = line === null ? `${file} row ${row}` : `${file}:${line}`;
  const last = results.at(-1)!;
  const change = results.length > 1 && changeOf(test) === 'regressed' ? ', regressed' : '';
  const lines = [
    `── ${oneLine(id, 60)} (${place})${change}`,
    `  asked     ${shown(prompt)}`,
    ...expectations(expect).map((text) => `- expected  ${text}`),
    ...(last.answer === null ? [] : [`+ answered  ${shown(last.answer)}`]),
    `  why       ${oneLine(last.reason, 2 * width)}`,
    ...results
      .slice(0, -1)
      .map(
        ({ model, passed, answer, reason }) =>
          `  ${passed ? 'pass' : 'FAIL'}      ${oneLine(model, 24)}: ${answer === null ? oneLine(reason, width) : shown(answer)}`,
      ),
  ];
  return lines.map((text) => `${text}\n`).join('');
}

/** Every condition of a test in words. */
function expectations(expect: Partial<Expectation>): string[] {
  const { equals, contains = [], notContains = [], matches, refuses, prefers } = expect;
  return [
    ...(equals === undefined ? [] : [`equals ${shown(equals)}`]),
    ...contains.map((part) => `contains ${shown(part)}`),
    ...notContains.map((part) => `does not contain ${shown(part)}`),
    ...(matches === undefined ? [] : [`matches /${oneLine(matches, width)}/`]),
    ...(refuses === undefined ? [] : [refuses ? 'refuses' : 'does not refuse']),
    ...(prefers === undefined ? [] : [`prefers ${shown(prefers.chosen)} to ${shown(prefers.rejected)}`]),
  ];
}

function shown(text: string): string {
  return `"${oneLine(text, width)}"`;
}

/** One line a tag, one column a model. */
function rateTable({ summary, models }: TestResult): string {
  const tags = [...new Set(summary.map(({ tag }) => tag))];
  const rows = tags.map((tag) => ({ tag, rates: summary.filter((rate) => rate.tag === tag) }));
  type RateRow = (typeof rows)[number];
  return formatTable(
    [
      { title: 'pass rate', align: 'left', cell: ({ tag }: RateRow) => (tag === null ? 'all' : oneLine(tag, 40)) },
      ...models.map(
        ({ label }, i): Column<RateRow> => ({
          title: oneLine(label, 24),
          align: 'left',
          cell: ({ rates }) => rateText(rates[i]!),
        }),
      ),
    ],
    rows,
  );
}

/** `5 of 6, 83 % [44, 97]`: the 95 % interval in per cent. */
function rateText({ passed, tests, rate, interval: [low, high] }: PassRate): string {
  const percent = (share: number): string => (100 * share).toFixed(0);
  return `${passed} of ${tests}, ${percent(rate)} % [${percent(low)}, ${percent(high)}]`;
}

function conclusion({ tests, comparisons, models }: TestResult, failOn: FailureRule): string {
  const last = models.at(-1)!.label;
  const failing = tests.filter(({ results }) => !results.at(-1)!.passed).length;
  const changes = comparisons.map(
    ({ from, to, regressed, fixed }) => `${from} -> ${to}: ${regressed.length} regressed, ${fixed.length} fixed\n`,
  );
  const regressed = comparisons.at(-1)?.regressed.length ?? 0;
  const verdict = {
    never: '',
    regression: regressed === 0 ? 'passed: nothing got worse\n' : `failed: ${count(regressed, 'regression')}\n`,
    failure:
      failing === 0 ? `passed: ${last} passes every test\n` : `failed: ${last} fails ${count(failing, 'test')}\n`,
  }[failOn];
  return changes.join('') + verdict;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
