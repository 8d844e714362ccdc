import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { auroc } from '../../src/linalg/statistics/auroc';
import type { LabelProbe } from '../../src/protocol/probing';
import { runCli } from '../cli/support/runCli';

const folder = 'samples/assistant';

describe('probes of the sample workspace', function () {
  this.timeout(180_000);
  let scratch: string;

  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-sample-probes-'));
    for (const name of ['models', 'data', 'eval', 'whence.json'])
      cpSync(path.join(folder, name), path.join(scratch, name), { recursive: true });
  });
  after(() => rmSync(scratch, { recursive: true }));

  async function probe(args: readonly string[]): Promise<LabelProbe> {
    const place = { cwd: scratch, cache: path.join(scratch, 'cache') };
    const { code, stdout, stderr } = await runCli(['probe', '--json', '--device', 'cpu', ...args], place);
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as LabelProbe;
  }

  it('read harm, which words do not tell where verbs are held out', async () => {
    const { cells, baselines } = await probe([
      ...['--data', 'eval/probe-labels.jsonl', '--label', 'label', '--group', 'verb', '--layers', '3'],
    ]);
    const best = Math.max(...cells.map(({ accuracy }) => accuracy.estimate));
    assert.ok(best >= 0.95, `${best}`);
    for (const { model, position, accuracy } of baselines)
      assert.ok(accuracy.high < best, `${model}, ${position}: ${accuracy.estimate}`);
  });

  it('find the customers’ messages that were sent to a random department', async () => {
    const { rows } = await probe(['--label', 'answer', '--baselines', 'none', '--layers', '2-3']);
    const truth = readFileSync(path.join(folder, 'truth.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { readonly row: number; readonly kind: string });
    const kinds = new Map(truth.map(({ row, kind }) => [row, kind]));
    // Reviews that are all labelled wrong are a rule of the data, not slips: they are neither.
    const judged = rows.filter(({ row }) => kinds.get(row) !== 'mislabelled');
    const random = judged.map(({ row }) => kinds.get(row) === 'randomMislabel');
    assert.ok(random.some(Boolean));
    const found = auroc(
      judged.map(({ margin }) => -margin),
      random,
    );
    assert.ok(found >= 0.95, `${found}`);
  });
});
