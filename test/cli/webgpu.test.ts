import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AskResult, ScoredRow, TrainResult } from '../../src/protocol/requests';
import { swiftShaderEnvironment } from '../support/swiftShader';

const model = path.resolve('samples/assistant/models/base');

/** A device without a GPU is slow to compile each kernel: minutes on a busy machine. */
const patience = 900_000;

describe('commands on webgpu', () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv | undefined;
  before(function () {
    environment = swiftShaderEnvironment();
    if (environment === undefined) {
      console.log('      skipped: SwiftShader is not installed (test/setUp.mjs installs it)');
      this.skip();
    }
    folder = mkdtempSync(path.join(os.tmpdir(), 'whence-webgpu-'));
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const whence = <T>(args: readonly string[]): T & { readonly device: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve('dist/cli.mjs'), ...args, '--json'], {
      encoding: 'utf8',
      env: { ...process.env, ...environment, WHENCE_CACHE: path.join(folder, 'cache') },
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as T & { readonly device: string };
  };
  // A loss near 0 is a difference of logits of size 1 and more: its rounding does not shrink with it.
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));

  it('scores, trains and answers as on the cpu, and says where', () => {
    const data = path.join(folder, 'four.jsonl');
    const rows = readFileSync('samples/assistant/data/train.jsonl', 'utf8').split('\n').slice(0, 4);
    writeFileSync(data, `${rows.join('\n')}\n`);
    const recipe = path.join(folder, 'recipe.json');
    const settings = { lora: { r: 4, alpha: 8 }, batchSize: 2, epochs: 1, order: 'given', seed: 1 };
    writeFileSync(
      recipe,
      JSON.stringify({ ...settings, model, data, method: 'lora', optimizer: { name: 'adamw', lr: 1e-3 } }),
    );

    const on = (device: 'cpu' | 'webgpu') => {
      const where = ['--device', device];
      return {
        score: whence<{ rows: readonly ScoredRow[] }>(['score', '--model', model, '--data', data, ...where]),
        train: whence<TrainResult>(['train', '--recipe', recipe, '--out', path.join(folder, device), ...where]),
        ask: whence<AskResult>(['ask', '--model', model, '--prompt', 'What is the capital of Japan?', ...where]),
      };
    };
    const cpu = on('cpu');
    const gpu = on('webgpu');
    for (const result of Object.values(gpu)) assert.equal(result.device, 'webgpu');
    for (const [i, { loss }] of gpu.score.rows.entries()) assert.ok(near(loss, cpu.score.rows[i]!.loss));
    for (const [i, { loss, gradNorm }] of gpu.train.steps.entries()) {
      assert.ok(near(loss, cpu.train.steps[i]!.loss));
      assert.ok(near(gradNorm, cpu.train.steps[i]!.gradNorm));
    }
    assert.equal(gpu.ask.answers[0]!.text, cpu.ask.answers[0]!.text);
  }).timeout(patience);
});
