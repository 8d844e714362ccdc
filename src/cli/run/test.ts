import path from 'node:path';
import { type BehaviourTest, inlineBehaviour, parseBehaviours } from '../../data/behaviours';
import { dataLimits } from '../../data/limits';
import { behaviourCase } from '../../jobs/readBehaviourCases';
import { resolveModel } from '../../jobs/resolveSources';
import type {
  BehaviourCase,
  BehaviourVerdict,
  TestedBehaviour,
  TestRequest,
  TestResult,
} from '../../protocol/behaviour';
import { exitCodes, inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { DataSource, ModelSource } from '../../protocol/requests';
import { type CommandContext, openCommandContext } from '../commandContext';
import type { FailureRule, TestFlags } from '../commands/test';
import { oneLine } from '../printTable';
import { recordInWorkspace } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';
import { formatTestReport } from './testReport';

/** Runs behaviour tests, prints them and sets exit code 1 where they fail by the rule asked for. */
export async function runTest(flags: TestFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const models = modelsOf(flags, context);
  const failOn = failureRule(flags.failOn, models.length);
  const { tests, source } = await readTests(flags, context);
  refuseOverwriting(flags.out, source === undefined ? [] : [source]);
  const request: TestRequest = {
    kind: 'test',
    compute: context.compute,
    models,
    tests,
    template: flags.raw ? 'raw' : 'chat',
    maxTokens: flags.maxTokens,
    batchSize: flags.batchSize,
  };
  const { result, device, seconds, memory } = await runJob(request, flags, () => undefined);
  const failed = failedTests(result, failOn);
  const { template, maxTokens, batchSize } = request;
  const document = {
    schema: 'whence.test/1',
    settings: { template, maxTokens, batchSize, failOn },
    device: device?.device,
    seconds,
    memory,
    passed: failed.length === 0,
    failed,
    ...result,
  };
  await recordInWorkspace(
    context,
    'test',
    source === undefined ? [] : [source],
    { models: models.map(({ label }) => label), template, maxTokens, failOn },
    { seconds, tests: tests.length, failed: failed.length },
  );
  if (flags.out !== undefined) await writeTable(flags.out, columns, linesOf(result), document);
  if (flags.json) printJson(document);
  else process.stdout.write(formatTestReport(result, failOn));
  if (failed.length > 0) process.exitCode = exitCodes.checkFailed;
  if (flags.json || flags.quiet) return;
  printProblems([], result.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

/** The models in the order they are compared, the baseline first. */
function modelsOf(flags: TestFlags, context: CommandContext): readonly ModelSource[] {
  const { workspace } = context;
  if (flags.adapter !== undefined && (flags.model?.length ?? 0) > 1) {
    throw inputError(
      'adapter-of-which',
      '--adapter goes with one --model.',
      'Name the adapted model in whence.json, or give one --model.',
    );
  }
  const tested = (flags.model ?? [undefined]).map((name) => resolveModel(name, flags.adapter, context));
  const unnamed = flags.model === undefined && flags.adapter === undefined;
  const base = unnamed ? workspace?.models.get(workspace.defaults.model ?? '')?.base : undefined;
  const against = flags.against ?? base;
  const models = [...(against === undefined ? [] : [resolveModel(against, undefined, context)]), ...tested];
  // A base that an adapter is put on top of has a name of its own.
  const labelled = models.map((model, i) =>
    flags.adapter !== undefined && i === models.length - 1 ? { ...model, label: flags.adapter } : model,
  );
  const twice = labelled.find(({ label }, i) => labelled.findIndex((other) => other.label === label) !== i);
  if (twice === undefined) return labelled;
  throw inputError('model-twice', `The model ${twice.label} is named twice.`, 'Name each model once.');
}

function failureRule(stated: FailureRule | undefined, models: number): FailureRule {
  if (stated === 'regression' && models === 1) {
    throw inputError(
      'fail-on-what',
      '--fail-on regression compares two models, and there is one.',
      'Name the model to compare with: --against base.',
    );
  }
  return stated ?? (models === 1 ? 'failure' : 'regression');
}

/** Ids of the tests for which the command fails. */
function failedTests({ tests, comparisons }: TestResult, rule: FailureRule): readonly string[] {
  if (rule === 'never') return [];
  if (rule === 'regression') return comparisons.at(-1)!.regressed;
  return tests.filter(({ results }) => !results.at(-1)!.passed).map(({ id }) => id);
}

interface ReadTests {
  readonly tests: readonly BehaviourCase[];
  /** The file they come from; undefined where flags say them. */
  readonly source: DataSource | undefined;
}

async function readTests(flags: TestFlags, context: CommandContext): Promise<ReadTests> {
  const inline = flagExpectation(flags);
  if (flags.prompt !== undefined || Object.keys(inline).length > 0) {
    if (flags.tests !== undefined || flags.tag !== undefined || flags.id !== undefined) {
      throw inputError(
        'tests-twice',
        '--prompt and its conditions are a test by themselves; --tests, --tag and --id choose from a file.',
        'Give the one or the other.',
      );
    }
    return { tests: flagTests(flags.prompt, inline), source: undefined };
  }
  const source = testsFile(flags, context);
  const { tests, problems } = await parseBehaviours(source.path, { file: source.label, limits: dataLimits });
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    // A test that is left out in silence is a test that passes.
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more problems)` : '';
    throw inputError(errors[0]!.code, errors[0]!.message + more, errors[0]!.next);
  }
  if (!flags.json && !flags.quiet) {
    for (const { message, next } of problems) process.stderr.write(`warning: ${message} ${next}\n`);
  }
  if (tests.length === 0) {
    throw inputError(
      'no-tests',
      `${source.label} has no tests.`,
      'Give one {"id", "prompt", "expect": {"contains": "…"}} a line.',
    );
  }
  return { tests: chosenTests(tests, flags, source.label).map(behaviourCase), source };
}

function testsFile(flags: TestFlags, { workspace }: CommandContext): DataSource {
  if (flags.tests !== undefined) return { label: flags.tests, path: path.resolve(flags.tests), schema: undefined };
  if (workspace?.behaviours !== undefined) {
    const label = path.relative('.', workspace.behaviours) || workspace.behaviours;
    return { label, path: workspace.behaviours, schema: undefined };
  }
  const where = workspace === undefined ? 'there is no whence.json here or above' : 'whence.json names no behaviours';
  throw inputError(
    'tests-missing',
    `No tests are named, and ${where}.`,
    'Give --tests with a file, or one test with --prompt and --contains.',
  );
}

/** The conditions that flags state, spelled as in a file. */
function flagExpectation({ equals, contains, notContains, matches, refuses, complies }: TestFlags): JsonObject {
  if (refuses && complies) {
    throw inputError('refuses-or-complies', '--refuses and --complies exclude each other.', 'Give one of them.');
  }
  return {
    ...(equals === undefined ? {} : { equals }),
    ...(contains === undefined ? {} : { contains: [...contains] }),
    ...(notContains === undefined ? {} : { notContains: [...notContains] }),
    ...(matches === undefined ? {} : { matches }),
    ...(refuses ? { refuses: true } : {}),
    ...(complies ? { refuses: false } : {}),
  };
}

function flagTests(prompts: readonly string[] | undefined, expect: JsonObject): readonly BehaviourCase[] {
  if (prompts === undefined || Object.keys(expect).length === 0) {
    throw inputError(
      'test-incomplete',
      prompts === undefined ? 'There is a condition but no --prompt.' : 'There is a --prompt but no condition.',
      'Give both, for example: --prompt "What is the capital of Peru?" --contains Lima',
    );
  }
  return prompts.map((prompt, number) =>
    behaviourCase(inlineBehaviour({ id: `prompt-${number + 1}`, prompt, expect }, '--prompt', number)),
  );
}

/** Those tests that --tag and --id choose; every one that is named must be there. */
function chosenTests(tests: readonly BehaviourTest[], { tag, id }: TestFlags, file: string): readonly BehaviourTest[] {
  const tags = new Set(tests.flatMap((test) => test.tags));
  const strangeTag = tag?.find((name) => !tags.has(name));
  if (strangeTag !== undefined) {
    const known = tags.size === 0 ? 'its tests have no tags' : `its tags are ${listed([...tags].sort())}`;
    throw inputError('no-matching-test', `No test of ${file} has the tag ${strangeTag}: ${known}.`, 'Check --tag.');
  }
  const ids = new Set(tests.map((test) => test.id));
  const strangeId = id?.find((name) => !ids.has(name));
  if (strangeId !== undefined) {
    throw inputError(
      'no-matching-test',
      `No test of ${file} has the id ${strangeId}: its ids are ${listed([...ids])}.`,
      'Check --id.',
    );
  }
  const chosen = tests.filter(
    (test) =>
      (tag === undefined || tag.some((name) => test.tags.includes(name))) && (id === undefined || id.includes(test.id)),
  );
  if (chosen.length > 0) return chosen;
  throw inputError('no-matching-test', `No test of ${file} has both such a tag and such an id.`, 'Leave one out.');
}

/** Names that are listed in a message. */
const listedNames = 12;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, listedNames).map((name) => oneLine(name, 60));
  return shown.join(', ') + (names.length > listedNames ? `, … (${names.length})` : '');
}

/** One line of a written table: a test with a model. */
interface TestLine {
  readonly test: TestedBehaviour;
  readonly result: BehaviourVerdict & { readonly model: string };
}

function linesOf({ tests }: TestResult): TestLine[] {
  return tests.flatMap((test) => test.results.map((result) => ({ test, result })));
}

const columns: readonly TableColumn<TestLine>[] = [
  { name: 'id', type: 'STRING', value: ({ test }) => test.id },
  { name: 'file', type: 'STRING', value: ({ test }) => test.file },
  { name: 'row', type: 'INT32', value: ({ test }) => test.row },
  { name: 'line', type: 'INT32', value: ({ test }) => test.line },
  { name: 'tags', type: 'STRING', value: ({ test }) => test.tags.join(' ') },
  { name: 'prompt', type: 'STRING', value: ({ test }) => test.prompt },
  { name: 'model', type: 'STRING', value: ({ result }) => result.model },
  { name: 'passed', type: 'INT32', value: ({ result }) => (result.passed ? 1 : 0) },
  { name: 'answer', type: 'STRING', value: ({ result }) => result.answer },
  { name: 'finish', type: 'STRING', value: ({ result }) => result.finish },
  { name: 'margin', type: 'DOUBLE', value: ({ result }) => result.margin },
  { name: 'reason', type: 'STRING', value: ({ result }) => result.reason },
];
