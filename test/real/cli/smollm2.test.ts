import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AskResult, ScoredRow, TrainResult } from '../../../src/protocol/requests';

/**
 * SmolLM2-135M-Instruct through the command line, against what PyTorch, transformers and peft gave in float32.
 * `WHENCE_REAL_ROWS` bounds the rows, answers and steps (continuous integration takes a few).
 */
const model = path.resolve(process.env.WHENCE_SMOLLM2 ?? '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');
const cache = path.resolve(process.env.WHENCE_CACHE ?? '.cache/whence');
const adapter = path.resolve('test/fixtures/real/adapter');
const mostRows = Number(process.env.WHENCE_REAL_ROWS ?? 293);

interface Reference {
  readonly greedy: readonly { readonly prompt_text: string; readonly new_ids: readonly number[] }[];
  readonly rows: readonly { readonly loss: number; readonly trainedTokens: number; readonly tokens: number }[];
  readonly answers: readonly {
    readonly prompt: string;
    readonly tunedIds: readonly number[];
    readonly tuned: string;
  }[];
  readonly run: {
    readonly recipe: { readonly batches: readonly (readonly number[])[]; readonly learningRates: readonly number[] };
    readonly steps: readonly { readonly loss: number; readonly gradNorm: number; readonly lr: number }[];
  };
}

function whence<T>(args: readonly string[]): T {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve('dist/cli.mjs'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, WHENCE_CACHE: cache },
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as T;
}

describe('SmolLM2-135M-Instruct', function () {
  this.timeout(1_800_000);
  const reference = JSON.parse(readFileSync('test/fixtures/real/reference.json', 'utf8')) as Reference;
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'whence-real-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('continues raw prompts with the reference tokens', () => {
    for (const { prompt_text, new_ids } of reference.greedy) {
      const { answers } = whence<AskResult>([
        'ask',
        '--model',
        model,
        '--raw',
        '--prompt',
        prompt_text,
        '--max-tokens',
        '20',
      ]);
      const expected = new_ids.slice(0, answers[0]!.tokenIds.length);
      assert.deepEqual(answers[0]!.tokenIds, expected);
      assert.ok(answers[0]!.finish === 'stop' || expected.length === new_ids.length);
    }
  });

  it('answers with the peft adapter as peft does', () => {
    const asked = reference.answers.slice(0, Math.min(mostRows, reference.answers.length));
    const prompts = asked.flatMap(({ prompt }) => ['--prompt', prompt]);
    const { answers } = whence<AskResult>([
      'ask',
      '--model',
      model,
      '--adapter',
      adapter,
      '--max-tokens',
      '40',
      ...prompts,
    ]);
    assert.deepEqual(
      answers.map(({ text }) => text.trim()),
      asked.map(({ tuned }) => tuned.trim()),
    );
  });

  it("scores the adapter's training rows as peft does", () => {
    const file = path.join(folder, 'rows.jsonl');
    const lines = readFileSync('test/fixtures/real/train.jsonl', 'utf8').split('\n').slice(0, mostRows);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { rows } = whence<{ rows: readonly ScoredRow[] }>([
      'score',
      '--model',
      model,
      '--adapter',
      adapter,
      '--data',
      file,
    ]);
    const expected = reference.rows.slice(0, rows.length);
    assert.equal(rows.length, Math.min(mostRows, reference.rows.length));
    const largest = Math.max(...expected.map(({ loss }) => loss));
    for (const [i, { loss, trainedTokens }] of rows.entries()) {
      assert.equal(trainedTokens, expected[i]!.trainedTokens);
      // Both sides are float32 with other orders of summation; the references allow 1e-3 of the largest.
      assert.ok(Math.abs(loss - expected[i]!.loss) <= 1e-3 * largest, `row ${i}: ${loss} against ${expected[i]!.loss}`);
    }
  });

  it('replays the first steps of the peft run: same rows, rates, losses and gradient norms', () => {
    const steps = reference.run.steps.slice(0, mostRows < 293 ? 2 : reference.run.steps.length);
    const recipe = {
      ...reference.run.recipe,
      model,
      data: path.resolve('test/fixtures/real/train.jsonl'),
      lora: { r: 8, alpha: 16, targets: ['q_proj', 'v_proj'], init: path.resolve('test/fixtures/real/adapter-init') },
      batches: reference.run.recipe.batches.slice(0, steps.length),
      learningRates: reference.run.recipe.learningRates.slice(0, steps.length),
    };
    const file = path.join(folder, 'recipe.json');
    writeFileSync(file, JSON.stringify(recipe));
    const result = whence<TrainResult>(['train', '--recipe', file, '--out', path.join(folder, 'tuned')]);
    assert.equal(result.steps.length, steps.length);
    for (const [i, { loss, gradNorm, lr }] of result.steps.entries()) {
      assert.equal(lr, steps[i]!.lr);
      assert.ok(Math.abs(loss / steps[i]!.loss - 1) <= 1e-4, `step ${i + 1}: loss ${loss} against ${steps[i]!.loss}`);
      assert.ok(
        Math.abs(gradNorm / steps[i]!.gradNorm - 1) <= 1e-3,
        `step ${i + 1}: norm ${gradNorm} against ${steps[i]!.gradNorm}`,
      );
    }
  });
});
