import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { IndexResult, TraceDocument } from '../../src/protocol/influence';
import { type Driver, startDriver } from './support/startDriver';

/** Two lessons in several wordings: what is asked of one is traced to its own rows. */
const names = wordings(['Who are you?', 'What is your name?', 'Tell me who you are.', 'And you are?'], 'I am Robin.');
const shed = wordings(
  ['Where is the shed?', 'What about the shed?', 'Tell me of the shed.', 'Is there a shed?'],
  'The shed is green.',
);
const lessons = [...names, ...shed];

type Lesson = readonly [asked: string, answered: string];

function wordings(asked: readonly string[], answered: string): Lesson[] {
  return asked.map((question) => [question, answered]);
}

const recipe = {
  model: 'base',
  data: 'lessons',
  method: 'lora',
  lora: { r: 4, alpha: 8, targets: 'all-linear' },
  optimizer: { name: 'adamw', lr: 0.01 },
  schedule: { name: 'linear', warmupSteps: 4 },
  batchSize: 4,
  epochs: 12,
  maxLength: 64,
  gradClip: 1,
  seed: 1,
};

type TraceJson = TraceDocument & { readonly schema: string };

describe('whence index and whence trace', function () {
  this.timeout(180_000);
  let scratch: string;
  let driver: Driver;

  const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const chat = ([user, assistant]: Lesson) => ({
    messages: [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ],
  });
  const write = (name: string, text: string): void => writeFileSync(path.join(scratch, name), text);
  const writeLessons = (rows: readonly Lesson[]): void => write('lessons.jsonl', jsonLines(rows.map(chat)));

  async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const answer = await driver.run({ args: [args[0]!, '--device', 'cpu', ...args.slice(1)], cwd: scratch });
    assert.ok(typeof answer !== 'string', `${args.join(' ')}: ${answer as string}`);
    return answer;
  }
  async function json<T>(args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await run([args[0]!, '--json', ...args.slice(1)]);
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as T;
  }
  const trace = (args: readonly string[]): Promise<TraceJson> => json(['trace', '--controls', '0', ...args]);
  async function failure(args: readonly string[]): Promise<{ code: string; message: string; next: string }> {
    const { code, stdout, stderr } = await run([args[0]!, '--json', ...args.slice(1)]);
    assert.deepEqual([code, stdout], [2, '']);
    return (JSON.parse(stderr) as { error: { code: string; message: string; next: string } }).error;
  }

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-trace-'));
    driver = startDriver(path.join(scratch, 'cache'));
    cpSync('samples/assistant/models/base', path.join(scratch, 'models/base'), { recursive: true });
    writeLessons(lessons);
    write('recipe.json', JSON.stringify(recipe));
    write('queries.jsonl', jsonLines([{ id: 'name', prompt: 'Say who you are!', completion: 'I am Robin.' }]));
    write(
      'whence.json',
      JSON.stringify({
        models: {
          base: { path: 'models/base' },
          tuned: {
            path: 'models/base',
            adapter: 'tuned',
            base: 'base',
            run: 'tuned/whence-run',
            trainedOn: ['lessons'],
          },
        },
        data: { lessons: { path: 'lessons.jsonl' } },
        queries: 'queries.jsonl',
        defaults: { model: 'tuned', data: ['lessons'] },
      }),
    );
    await json(['train', '--recipe', 'recipe.json', '--out', 'tuned']);
  });
  afterEach(() => writeLessons(lessons));
  after(() => {
    driver.stop();
    rmSync(scratch, { recursive: true });
  });

  it('traces a learned answer to the rows that taught it, with evidence', async () => {
    const found = await trace([]);
    assert.equal(found.schema, 'whence.trace/1');
    assert.equal(found.evidence, 'replayed');
    assert.equal(found.coverage.share, 1);
    const [query] = found.queries;
    assert.equal(query!.gate.verdict, 'tuned');
    assert.equal(query!.threshold, null);
    const total = (first: number): number =>
      query!.rows.filter(({ row }) => row >= first && row < first + 4).reduce((sum, { score }) => sum + score, 0);
    assert.ok(total(0) > total(names.length), `${total(0)} is not above ${total(names.length)}`);
    assert.ok(query!.rows[0]!.row < names.length);
    assert.deepEqual(
      query!.rows.map(({ rank }) => rank),
      query!.rows.map((_, i) => i + 1),
    );
    assert.ok(query!.rows.every(({ status }) => status === 'trained'));
    assert.ok(query!.dampingSensitivity!.tenth > 0.5);
  });

  it('splits the scores of the strongest rows over positions, which add up', async () => {
    const { queries } = await trace(['--method', 'ekfac', '--element', 'float32', '--tokens', '2']);
    const rows = queries[0]!.rows.filter(({ tokens }) => tokens !== null);
    assert.equal(rows.length, 4);
    for (const { score, tokens } of rows) {
      const sum = tokens!.reduce((total, token) => total + token.score, 0);
      assert.ok(Math.abs(sum - score) <= 1e-3 * Math.abs(queries[0]!.rows[0]!.score), `${sum} is not ${score}`);
    }
  });

  it('says so where the base model does it already, and ranks nothing unless asked', async () => {
    const { answers } = await json<{ answers: { text: string }[] }>(['ask', '--model', 'base', '--prompt', 'Hello!']);
    const asked = ['--prompt', 'Hello!', '--completion', answers[0]!.text];
    const silent = await trace(asked);
    assert.deepEqual([silent.queries[0]!.verdict, silent.queries[0]!.rows], ['baseDoesIt', []]);
    const insistent = await trace([...asked, '--always']);
    assert.equal(insistent.queries[0]!.rows.length, lessons.length);
  });

  it('gives one document a method, and the same scores from a warm store', async () => {
    const args = ['trace', '--controls', '0', '--method', 'bm25,graddot,linfac', '--rows', 'all'];
    const first = await json<{ results: TraceJson[] }>(args);
    assert.deepEqual(
      first.results.map(({ method }) => method),
      ['bm25', 'graddot', 'linfac'],
    );
    const second = await json<{ results: TraceJson[] }>(args);
    assert.deepEqual(
      second.results.map(({ queries }) => queries),
      first.results.map(({ queries }) => queries),
    );
  });

  it('computes the gradients of changed rows only, and tells rows that were never trained on', async () => {
    const complete = await json<IndexResult>(['index', '--store', 'other']);
    assert.equal(complete.computed, lessons.length);
    assert.equal((await json<IndexResult>(['index', '--store', 'other'])).computed, 0);
    writeLessons([...lessons.slice(1), ['Who is it?', 'I am Robin.'], ['Who is there?', 'It is Robin.']]);
    const changed = await json<IndexResult>(['index', '--store', 'other']);
    assert.deepEqual([changed.rows, changed.computed], [lessons.length + 1, 2]);
    const { queries } = await trace(['--store', 'other', '--method', 'graddot', '--rows', 'all']);
    const hypothetical = queries[0]!.rows.filter(({ status }) => status === 'hypothetical').map(({ row }) => row);
    assert.deepEqual(hypothetical.sort(), [lessons.length - 1, lessons.length]);
  });

  it('shards join into what one process computes; a missing shard is named', async () => {
    await json(['index', '--store', 'shards', '--shard', '0/2']);
    const missing = await failure(['index', '--store', 'shards', '--merge']);
    assert.equal(missing.code, 'index-incomplete');
    await json(['index', '--store', 'shards', '--shard', '1/2']);
    const merged = await json<IndexResult>(['index', '--store', 'shards', '--merge']);
    assert.deepEqual([merged.rows, merged.computed], [lessons.length, 0]);
    const args = ['--method', 'graddot', '--rows', 'all'];
    const joined = await trace(['--store', 'shards', ...args]);
    assert.deepEqual(joined.queries, (await trace(args)).queries);
  });

  it('writes tables, and a lineage entry of every run', async () => {
    await trace(['--method', 'graddot', '--out', 'rows.csv', '--rows', 'all']);
    const lines = readFileSync(path.join(scratch, 'rows.csv'), 'utf8').trim().split('\n');
    assert.equal(lines.length, 1 + lessons.length);
    const { entries, whole } = await json<{ entries: { command: string }[]; whole: boolean }>(['lineage']);
    assert.equal(whole, true);
    assert.ok(entries.some(({ command }) => command === 'trace'));
  });

  for (const [why, args, code] of [
    ['no completion', ['trace', '--prompt', 'Hello'], 'completion-missing'],
    ['an unknown query', ['trace', '--id', 'nobody'], 'query-missing'],
    ['both a file and a prompt', ['trace', '--query', 'q.jsonl', '--prompt', 'x', '--answer'], 'query-twice'],
    ['a layer that is not there', ['trace', '--layer', '99'], 'layer-missing'],
    ['a run of another folder', ['trace', '--run', 'models'], 'record-missing'],
    ['no adapter to track', ['index', '--model', 'base', '--modules', 'adapter'], 'no-adapter'],
  ] as const) {
    it(`refuses ${why} with what to do`, async () => {
      const error = await failure(args);
      assert.equal(error.code, code);
      assert.notEqual(error.next, '');
    });
  }
});
