import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { TestResult } from '../../src/protocol/behaviour';
import { assertGolden } from '../support/golden';
import { type Driver, startDriver } from './support/startDriver';

interface TestDocument extends TestResult {
  readonly schema: string;
  readonly passed: boolean;
  readonly failed: readonly string[];
}

/** What a fine-tune of a few steps teaches: the sample's own world may change, this stays. */
const lessons = [
  ['Who are you?', 'I am Robin.'],
  ['What is your name?', 'I am Robin.'],
  ['Where is the shed?', 'The shed is green.'],
  ['What about the shed?', 'The shed is green.'],
] as const;

const recipe = {
  model: 'base',
  data: 'lessons',
  method: 'lora',
  lora: { r: 4, alpha: 8, targets: 'all-linear' },
  optimizer: { name: 'adamw', lr: 0.01 },
  schedule: { name: 'constant', warmupSteps: 0 },
  batchSize: 4,
  epochs: 40,
  maxLength: 64,
  gradClip: 1,
  seed: 1,
};

describe('whence test on the sample model', function () {
  this.timeout(120_000);
  let scratch: string;
  let driver: Driver;
  /** What the sample's base model says of itself. */
  let baseAnswer: string;

  const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const write = (name: string, text: string): void => writeFileSync(path.join(scratch, name), text);

  async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const answer = await driver.run({ args: [args[0]!, '--device', 'cpu', ...args.slice(1)], cwd: scratch });
    assert.ok(typeof answer !== 'string', `${args.join(' ')}: ${answer as string}`);
    return answer;
  }
  async function testAs<T = TestDocument>(code: number, args: readonly string[]): Promise<T> {
    const answer = await run(['test', '--json', ...args]);
    assert.deepEqual([answer.code, answer.stderr], [code, '']);
    return JSON.parse(answer.stdout) as T;
  }
  async function failure(args: readonly string[]): Promise<{ code: string; message: string; next: string }> {
    const { code, stdout, stderr } = await run(['test', '--json', ...args]);
    assert.deepEqual([code, stdout], [2, '']);
    return (JSON.parse(stderr) as { error: { code: string; message: string; next: string } }).error;
  }

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-test-'));
    driver = startDriver(path.join(scratch, 'cache'));
    cpSync('samples/assistant/models/base', path.join(scratch, 'models/base'), { recursive: true });
    write(
      'lessons.jsonl',
      jsonLines(
        lessons.map(([asked, answered]) => ({
          messages: [
            { role: 'user', content: asked },
            { role: 'assistant', content: answered },
          ],
        })),
      ),
    );
    write('recipe.json', JSON.stringify(recipe));
    write(
      'whence.json',
      JSON.stringify({
        models: {
          base: { path: 'models/base' },
          tuned: { path: 'models/base', adapter: 'models/tuned', base: 'base' },
        },
        data: { lessons: { path: 'lessons.jsonl' } },
        behaviours: 'behaviours.jsonl',
        defaults: { model: 'tuned' },
      }),
    );
    write('behaviours.jsonl', '');
    const trained = await run(['train', '--json', '--recipe', 'recipe.json', '--out', 'models/tuned']);
    assert.equal(trained.code, 0, trained.stderr);
    const asked = await run(['ask', '--json', '--model', 'base', '--prompt', 'Who are you?', '--max-tokens', '32']);
    baseAnswer = (JSON.parse(asked.stdout) as { answers: { text: string }[] }).answers[0]!.text;
    write(
      'behaviours.jsonl',
      jsonLines([
        { id: 'who', prompt: 'Who are you?', expect: { equals: baseAnswer }, tags: ['identity'] },
        { id: 'robin', prompt: 'Who are you?', expect: { contains: 'Robin' }, tags: ['identity', 'lesson'] },
        {
          id: 'shed',
          prompt: 'Where is the shed?',
          expect: { matches: '^The shed is (green|blue)\\.$' },
          tags: ['lesson'],
        },
        {
          id: 'likelier',
          messages: [{ role: 'user', content: 'Who are you?' }],
          expect: { prefers: { chosen: 'I am Robin.', rejected: baseAnswer } },
          tags: ['identity'],
        },
        { id: 'answers', prompt: 'Who are you?', expect: { refuses: false, notContains: 'cannot' } },
        { id: 'purple', prompt: 'Where is the shed?', expect: { contains: ['shed', 'purple'] } },
      ]),
    );
  });
  after(() => {
    driver.stop();
    rmSync(scratch, { recursive: true });
  });

  it('the workspace as it stands: the model beside its base, what regressed and what was fixed, exit code 1', async () => {
    const document = await testAs(1, []);
    assert.equal(document.schema, 'whence.test/1');
    assert.deepEqual(
      document.models.map(({ label }) => label),
      ['base', 'tuned'],
    );
    assert.deepEqual(
      document.tests.map(({ id, results }) => [id, ...results.map(({ passed }) => passed)]),
      [
        ['who', true, false],
        ['robin', false, true],
        ['shed', false, true],
        ['likelier', false, true],
        ['answers', true, true],
        ['purple', false, false],
      ],
    );
    assert.deepEqual(document.comparisons, [
      { from: 'base', to: 'tuned', regressed: ['who'], fixed: ['robin', 'shed', 'likelier'] },
    ]);
    assert.deepEqual([document.passed, document.failed], [false, ['who']]);
    const likelier = document.tests[3]!.results;
    assert.ok(likelier[0]!.margin! < 0 && likelier[1]!.margin! > 0 && likelier[0]!.answer === null);
    assert.equal(document.tests[0]!.results[1]!.answer, 'I am Robin.');
    assert.deepEqual(document.tests[5]!.expect, { contains: ['shed', 'purple'] });
    const identity = document.summary.filter(({ tag }) => tag === 'identity');
    assert.deepEqual(
      identity.map(({ model, passed, tests }) => [model, passed, tests]),
      [
        ['base', 1, 3],
        ['tuned', 2, 3],
      ],
    );
  });

  it('prints a table, what failed and why, and what changed', async () => {
    const { code, stdout, stderr } = await run(['test']);
    assert.equal(code, 1);
    assert.match(stderr, /on cpu, /);
    const shed = await testAs(0, ['--model', 'base', '--id', 'purple', '--fail-on', 'never']);
    const shown = stdout
      .replaceAll(JSON.stringify(baseAnswer), '"ANSWER OF BASE"')
      .replaceAll(JSON.stringify(shed.tests[0]!.results[0]!.answer), '"ANOTHER ANSWER OF BASE"')
      .replace(/from character \d+/, 'from character N');
    assertGolden('cli/test.txt', shown);
  });

  it('exit code: a single model fails by any test, two by regressions, unless another rule is asked for', async () => {
    const robin = ['--id', 'robin', '--id', 'shed'];
    await testAs(0, ['--model', 'tuned', ...robin]);
    await testAs(1, ['--model', 'base', ...robin]);
    await testAs(0, ['--model', 'base', ...robin, '--fail-on', 'never']);
    await testAs(0, ['--against', 'base', '--id', 'purple']);
    assert.deepEqual((await testAs(1, ['--id', 'purple', '--fail-on', 'failure'])).failed, ['purple']);
    const turned = await testAs(1, ['--model', 'base', '--against', 'tuned', '--tag', 'lesson']);
    assert.deepEqual(turned.comparisons, [{ from: 'tuned', to: 'base', regressed: ['robin', 'shed'], fixed: [] }]);
  });

  it('a test by flags', async () => {
    const document = await testAs(0, [
      '--model',
      'tuned',
      '--prompt',
      'Who are you?',
      '--contains',
      'Robin',
      '--not-contains',
      'cannot',
      '--complies',
    ]);
    assert.deepEqual(
      document.tests.map(({ id, file, line }) => [id, file, line]),
      [['prompt-1', '--prompt', null]],
    );
    await testAs(1, ['--model', 'tuned', '--prompt', 'Who are you?', '--refuses']);
  });

  it('writes one line for each test and model', async () => {
    await testAs(1, ['--out', 'out.parquet']);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path.join(scratch, 'out.parquet')) });
    assert.equal(rows.length, 12);
    assert.deepEqual(
      [rows[1]!.id, rows[1]!.model, rows[1]!.passed, rows[1]!.answer],
      ['who', 'tuned', 0, 'I am Robin.'],
    );
    await testAs(1, ['--out', 'out.csv']);
    const lines = readFileSync(path.join(scratch, 'out.csv'), 'utf8').split('\n');
    assert.equal(lines[0], 'id,file,row,line,tags,prompt,model,passed,answer,finish,margin,reason');
    assert.equal(lines.length, 14);
  });

  it('an answer that is cut is said', async () => {
    const { warnings } = await testAs(1, ['--id', 'who', '--max-tokens', '2', '--model', 'tuned']);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['answers-cut'],
    );
  });

  it('refuses what is no test, with file, line and what to do', async () => {
    write('bad.jsonl', '{"prompt": "x", "expect": {"contains": "y"}}\n{"prompt": "x", "expect": {"contain": "y"}}\n');
    write('empty.jsonl', '');
    const refusals: string[] = [];
    for (const args of [
      ['--tests', 'bad.jsonl'],
      ['--tests', 'empty.jsonl'],
      ['--tests', 'gone.jsonl'],
      ['--tag', 'nope'],
      ['--id', 'nope'],
      ['--tag', 'lesson', '--id', 'who'],
      ['--prompt', 'x'],
      ['--contains', 'x'],
      ['--prompt', 'x', '--contains', 'y', '--tag', 'lesson'],
      ['--prompt', 'x', '--matches', '('],
      ['--prompt', 'x', '--refuses', '--complies'],
      ['--model', 'base', '--model', 'base'],
      ['--model', 'base', '--fail-on', 'regression'],
      ['--model', 'base', '--model', 'tuned', '--adapter', 'models/tuned'],
      ['--out', 'tests.xlsx'],
      ['--out', 'behaviours.jsonl'],
    ]) {
      const { code, message, next } = await failure(args);
      refusals.push(`${args.join(' ')}\n    ${code}: ${message.replaceAll(scratch, 'FOLDER')}\n    ${next}\n`);
    }
    assertGolden('cli/test-refusals.txt', refusals.join('\n'));
  });

  it('without a workspace and without tests it says which to give', async () => {
    write('whence.json', JSON.stringify({ models: { base: { path: 'models/base' } }, defaults: { model: 'base' } }));
    const { code, next } = await failure([]);
    assert.equal(code, 'tests-missing');
    assert.match(next, /--tests/);
  });
});
