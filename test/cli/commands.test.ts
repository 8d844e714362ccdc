import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { assertGolden } from '../support/golden';
import { copyModel } from './brokenInputs/brokenCase';
import { snapshot } from './support/snapshot';
import { type Driver, startDriver } from './support/startDriver';

const fixtures = path.resolve('test/fixtures');

function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(fixtures, name), 'utf8')) as T;
}

interface Reference {
  readonly rows: readonly { readonly input_ids: readonly number[]; readonly loss_mask: readonly number[] }[];
  readonly token_loss: readonly (readonly number[])[];
  readonly row_loss_sum: readonly number[];
  readonly row_target_count: readonly number[];
  readonly greedy: readonly { readonly text: string; readonly new_ids: readonly number[] }[];
}

interface Answers {
  readonly schema: string;
  readonly device: string;
  readonly answers: readonly {
    readonly model: string;
    readonly prompt: string;
    readonly rendered: string;
    readonly text: string;
    readonly tokenIds: readonly number[];
    readonly finish: string;
    readonly logprobs: readonly number[];
  }[];
}

interface Scores {
  readonly schema: string;
  readonly model: { readonly path: string };
  readonly rows: readonly {
    readonly file: string;
    readonly row: number;
    readonly line: number;
    readonly hash: string;
    readonly loss: number;
    readonly trainedTokens: number;
    readonly tokens?: readonly { readonly id: number; readonly trained: boolean; readonly loss: number | null }[];
  }[];
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

interface Trained {
  readonly schema: string;
  readonly out: string;
  readonly run: string;
  readonly steps: readonly {
    readonly step: number;
    readonly lr: number;
    readonly loss: number;
    readonly rows: readonly number[];
  }[];
  readonly warnings: readonly { readonly code: string }[];
}

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly next: string };
}

/** Rows of a reference as already tokenized rows. */
function tokenRows({ rows }: Reference): string {
  return rows
    .map(({ input_ids, loss_mask }) => {
      const labels = input_ids.map((id, t) => (loss_mask[t] === 1 ? id : -100));
      return `${JSON.stringify({ input_ids, labels })}\n`;
    })
    .join('');
}

const llama = readFixture<Reference>('models/llama/reference.json');
const gpt2 = readFixture<Reference>('models/gpt2/reference.json');
const tuned = readFixture<Reference>('adapters/llama-lora-qv/reference.json');

describe('commands', () => {
  let scratch: string;
  let driver: Driver;

  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-commands-'));
    for (const name of ['llama', 'gpt2']) copyModel(name, path.join(scratch, 'models', name));
    cpSync(path.join(fixtures, 'adapters/llama-lora-qv'), path.join(scratch, 'adapters/tuned'), { recursive: true });
    cpSync(path.join(fixtures, 'gguf/llama-Q8_0.gguf'), path.join(scratch, 'small.gguf'));
    for (const name of ['openai.jsonl', 'alpaca.csv', 'broken-line-3.jsonl'])
      cpSync(path.join(fixtures, 'data', name), path.join(scratch, name));
    writeFileSync(path.join(scratch, 'tokens.jsonl'), tokenRows(llama));
    writeFileSync(path.join(scratch, 'gpt2-tokens.jsonl'), tokenRows(gpt2));
    driver = startDriver(path.join(scratch, 'cache'));
  });
  after(() => {
    driver.stop();
    rmSync(scratch, { recursive: true });
  });

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
  async function failure(args: readonly string[]): Promise<Failure['error']> {
    const { code, stdout, stderr } = await run([args[0]!, '--json', ...args.slice(1)]);
    assert.deepEqual([code, stdout], [2, '']);
    return (JSON.parse(stderr) as Failure).error;
  }
  async function text(args: readonly string[]): Promise<string> {
    const { code, stdout } = await run(args);
    assert.equal(code, 0);
    return stdout.replaceAll(scratch, 'FOLDER');
  }

  describe('inspect', () => {
    it('a model, an adapter on it, a GGUF file: for people', async () => {
      const shown = [
        await text(['inspect', '--model', 'models/llama', '--adapter', 'adapters/tuned']),
        await text(['inspect', '--model', 'small.gguf']),
        await text(['inspect', '--model', 'models/gpt2', '--data', 'alpaca.csv']),
      ];
      assertGolden('cli/inspect.txt', shown.join('\n'));
    });

    it('data files with their schema and problems, and trained tokens where a model is named', async () => {
      const { data } = await json<{ data: readonly Record<string, unknown>[] }>([
        'inspect',
        '--model',
        'models/llama',
        '--data',
        'tokens.jsonl',
        '--data',
        'broken-line-3.jsonl',
      ]);
      const [tokens, broken] = data;
      assert.equal((tokens!.schema as { name: string }).name, 'tokens');
      const trained = llama.row_target_count.reduce((sum, count) => sum + count, 0);
      assert.equal((tokens!.tokens as { trainedTokens: number }).trainedTokens, trained);
      const problems = broken!.problems as { line: number; severity: string }[];
      assert.deepEqual(
        problems.map(({ line, severity }) => [line, severity]),
        [[3, 'error']],
      );
    });

    it('an adapter alone finds the base that it names', async () => {
      const { model } = await json<{ model: { model: { path: string; adapter: string }; trainedParameters: number } }>([
        'inspect',
        '--adapter',
        // Its base is named ../../models/llama.
        'adapters/tuned',
      ]);
      assert.equal(model.model.path, path.join(scratch, 'models/llama'));
      assert.equal(model.trainedParameters, 1344);
    });
  });

  describe('ask', () => {
    const raw = ['ask', '--raw', '--max-tokens', '12'];

    it('greedy continuations equal the references', async () => {
      for (const [name, { greedy }, prompts] of [
        ['llama', llama, ['Nina pain', 'Nina w']],
        ['gpt2', gpt2, ['Our tea', 'Our teacher']],
      ] as const) {
        const { answers, schema, device } = await json<Answers>([
          ...raw,
          '--model',
          `models/${name}`,
          ...prompts.flatMap((prompt) => ['--prompt', prompt]),
        ]);
        assert.equal(schema, 'whence.ask/1');
        assert.equal(device, 'cpu');
        assert.deepEqual(
          answers.map(({ tokenIds }) => tokenIds),
          greedy.map(({ new_ids }) => new_ids),
        );
        assert.ok(
          answers.every(
            ({ logprobs, tokenIds }) => logprobs.length === tokenIds.length && logprobs.every((p) => p < 0),
          ),
        );
      }
    });

    it('two models side by side, each under its own heading', async () => {
      const shown = await text([...raw, '--model', 'models/llama', '--model', 'models/gpt2', '--prompt', 'Nina pain']);
      const headings = shown.split('\n').filter((line) => line.startsWith('── '));
      assert.deepEqual(headings, ['── models/llama', '── models/gpt2']);
      const { answers } = await json<Answers>([
        ...raw,
        '--model',
        'models/llama',
        '--model',
        'models/gpt2',
        '--prompt',
        'x',
      ]);
      assert.deepEqual(
        answers.map(({ model }) => model),
        ['models/llama', 'models/gpt2'],
      );
    });

    it('messages and lines of prompts go through the chat template', async () => {
      const messages = [{ role: 'user', content: 'Where is the boat?' }];
      writeFileSync(path.join(scratch, 'm.json'), JSON.stringify(messages));
      writeFileSync(
        path.join(scratch, 'p.jsonl'),
        `{"prompt": "Where is the boat?"}\n${JSON.stringify({ messages })}\n`,
      );
      const ask = ['ask', '--model', 'models/llama', '--max-tokens', '3'];
      const [one] = (await json<Answers>([...ask, '--messages', 'm.json'])).answers;
      const [first, second] = (await json<Answers>([...ask, '--input', 'p.jsonl'])).answers;
      assert.equal(one!.rendered, '<s>[INST] Where is the boat? [/INST]');
      assert.deepEqual([first!.rendered, second!.rendered], [one!.rendered, one!.rendered]);
      assert.deepEqual([first!.tokenIds, second!.tokenIds], [one!.tokenIds, one!.tokenIds]);
    });

    it('a sampled answer is that of its seed', async () => {
      const sampled = (seed: string) =>
        json<Answers>([
          ...raw,
          '--model',
          'models/llama',
          '--prompt',
          'Nina',
          '--temperature',
          '1.5',
          '--top-p',
          '0.9',
          '--seed',
          seed,
        ]);
      const [a, again, b] = [await sampled('7'), await sampled('7'), await sampled('8')];
      assert.deepEqual(a.answers, again.answers);
      assert.notDeepEqual(a.answers[0]!.tokenIds, b.answers[0]!.tokenIds);
    });
  });

  describe('score', () => {
    const score = ['score', '--model', 'models/llama', '--data', 'tokens.jsonl'];

    // Float32 against references in float64: 1e-4 relative, as everywhere.
    const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * Math.abs(b);

    it('losses equal the references, and those of a row are the sum of its tokens', async () => {
      for (const [extra, reference] of [
        [[], llama],
        [['--adapter', 'adapters/tuned'], tuned],
      ] as const) {
        const { rows, schema } = await json<Scores>([...score, ...extra, '--tokens']);
        assert.equal(schema, 'whence.score/1');
        assert.deepEqual(
          rows.map(({ row, line, trainedTokens }) => [row, line, trainedTokens]),
          llama.row_target_count.map((count, i) => [i, i + 1, count]),
        );
        for (const [i, { loss, tokens }] of rows.entries()) {
          assert.ok(near(loss, reference.row_loss_sum[i]!), `row ${i}: ${loss}`);
          for (const [t, token] of tokens!.entries()) {
            assert.equal(token.trained, llama.rows[i]!.loss_mask[t] === 1);
            if (token.trained) assert.ok(near(token.loss!, reference.token_loss[i]![t]!), `row ${i}, token ${t}`);
            else assert.equal(token.loss, null);
          }
          const sum = tokens!.reduce((total, token) => total + (token.loss ?? 0), 0);
          assert.ok(Math.abs(sum - loss) <= 1e-9 * loss);
        }
      }
    });

    it('JSON, CSV and Parquet hold the same rows', async () => {
      const { rows } = await json<Scores>([...score, '--out', 'tables/scores.json']);
      await json<Scores>([...score, '--out', 'tables/scores.csv']);
      await json<Scores>([...score, '--out', 'tables/scores.parquet']);
      const document = JSON.parse(readFileSync(path.join(scratch, 'tables/scores.json'), 'utf8')) as Scores;
      assert.deepEqual(document.rows, rows);
      const names = ['file', 'row', 'line', 'hash', 'loss', 'trainedTokens'] as const;
      const csv = readFileSync(path.join(scratch, 'tables/scores.csv'), 'utf8').trimEnd().split('\n');
      assert.deepEqual(csv, [names.join(','), ...rows.map((row) => names.map((name) => row[name]).join(','))]);
      const file = await asyncBufferFromFile(path.join(scratch, 'tables/scores.parquet'));
      assert.deepEqual(await parquetReadObjects({ file }), rows);
    });

    it('a malformed line is a problem of the result, and the others are scored', async () => {
      const { rows, problems } = await json<Scores>([
        'score',
        '--model',
        'models/llama',
        '--data',
        'broken-line-3.jsonl',
      ]);
      assert.deepEqual(
        problems.map(({ line }) => line),
        [3],
      );
      assert.ok(rows.length >= 3 && rows.every(({ line }) => line !== 3));
    });

    it('for people: totals first, then the most surprising rows', async () => {
      const shown = await text(score);
      const total = llama.row_loss_sum.reduce((sum, loss) => sum + loss, 0);
      const count = llama.row_target_count.reduce((sum, targets) => sum + targets, 0);
      assert.match(shown, new RegExp(`^3 rows, ${count} trained tokens: mean loss ${(total / count).toFixed(3)}`));
      assert.match(shown, /tokens\.jsonl:\d/);
    });
  });

  describe('train', () => {
    const recipe = {
      model: 'models/llama',
      data: 'openai.jsonl',
      batchSize: 2,
      epochs: 1,
      seed: 3,
      optimizer: { name: 'adamw', lr: 0.01 },
    };
    const writeRecipe = (name: string, changes: object): void =>
      writeFileSync(path.join(scratch, name), JSON.stringify({ ...recipe, ...changes }));

    it('LoRA and full: the result loads, answers otherwise, and is found again by the same command', async () => {
      for (const [method, changes] of [
        ['lora', { lora: { r: 4 } }],
        ['full', { method: 'full', lora: undefined }],
      ] as const) {
        writeRecipe(`${method}.json`, changes);
        const out = `results/${method}`;
        const train = ['train', '--recipe', `${method}.json`, '--out', out];
        const first = await json<Trained>(train);
        assert.equal(first.schema, 'whence.train/1');
        assert.deepEqual(
          first.steps.map(({ step }) => step),
          [1, 2, 3],
        );
        assert.deepEqual(first.steps.flatMap(({ rows }) => rows).sort(), [0, 1, 2, 3, 4]);
        assert.deepEqual([first.out, first.run], [out, `${out}/whence-run`]);
        assert.ok(!existsSync(path.join(scratch, `${out}.whence-partial`)));

        const before = snapshot(path.join(scratch, out));
        const again = await json<Trained>(train);
        assert.deepEqual(again.steps, first.steps);
        assert.deepEqual(
          again.warnings.map(({ code }) => code),
          ['resumed'],
        );
        assert.deepEqual(snapshot(path.join(scratch, out)), before);

        writeRecipe(`${method}-other.json`, { ...changes, seed: 4 });
        const { code, message } = await failure(['train', '--recipe', `${method}-other.json`, '--out', out]);
        assert.equal(code, 'out-exists');
        assert.match(message, /recipe/);

        const named = method === 'lora' ? ['--adapter', out] : ['--model', out];
        const { rows } = await json<Scores>(['score', ...named, '--data', 'openai.jsonl']);
        const base = await json<Scores>(['score', '--model', 'models/llama', '--data', 'openai.jsonl']);
        const sum = (scores: Pick<Scores, 'rows'>): number => scores.rows.reduce((total, { loss }) => total + loss, 0);
        assert.ok(sum({ rows }) < sum(base), `${method}: ${sum({ rows })} after, ${sum(base)} before`);
      }
    });
  });

  describe('whence.json', () => {
    it('init writes what is there, shows it without writing, and never replaces one unasked', async () => {
      const folder = path.join(scratch, 'project');
      mkdirSync(folder);
      cpSync(path.join(scratch, 'models'), path.join(folder, 'models'), { recursive: true });
      cpSync(path.join(fixtures, 'adapters/llama-lora-qv'), path.join(folder, 'adapters/tuned'), { recursive: true });
      cpSync(path.join(scratch, 'openai.jsonl'), path.join(folder, 'train.jsonl'));
      const init = ['init', '--workspace', 'project'];

      assertGolden('cli/init.txt', await text([...init, '--dry-run']));
      assert.ok(!existsSync(path.join(folder, 'whence.json')));
      await json([...init]);
      const written = readFileSync(path.join(folder, 'whence.json'), 'utf8');
      assert.equal((await failure(init)).code, 'workspace-exists');
      assert.equal(readFileSync(path.join(folder, 'whence.json'), 'utf8'), written);
      await json([...init, '--yes']);
      assert.equal(readFileSync(path.join(folder, 'whence.json'), 'utf8'), written);

      // Names and defaults of the written file are understood: the tuned model and its training data.
      const { model, rows } = await json<Scores & { model: { label: string; adapter: string } }>([
        'score',
        '--workspace',
        'project',
      ]);
      assert.deepEqual([model.label, model.adapter], ['tuned', path.join(folder, 'adapters/tuned')]);
      assert.equal(rows.length, 5);
      const { answers } = await json<Answers>([
        'ask',
        '--workspace',
        'project',
        '--model',
        'gpt2',
        '--raw',
        '--prompt',
        'Our tea',
        '--max-tokens',
        '12',
      ]);
      assert.deepEqual(answers[0]!.tokenIds, gpt2.greedy[0]!.new_ids);
    });
  });
});
