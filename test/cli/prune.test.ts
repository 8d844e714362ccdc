/** `whence prune` on the sample model, end to end: propose, apply, explain, undo, and kills while it applies. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { PruneProposal, PruningFigures } from '../../src/protocol/pruning';
import { copyModel } from './brokenInputs/brokenCase';
import { cliEnvironment, cliFile } from './support/runCli';
import { snapshot } from './support/snapshot';
import { type Driver, startDriver } from './support/startDriver';

type Proposal = PruneProposal & { readonly schema: string; readonly data: readonly { readonly role: string }[] };

const sample = 'samples/assistant';
const linesOf = (file: string, count: number): string =>
  `${readFileSync(path.join(sample, file), 'utf8').trim().split('\n').slice(0, count).join('\n')}\n`;

describe('whence prune on the sample model', function () {
  this.timeout(240_000);
  let scratch: string;
  let driver: Driver;

  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-prune-cli-'));
    for (const model of ['base', 'tuned'])
      cpSync(path.join(sample, 'models', model), path.join(scratch, 'models', model), { recursive: true });
    cpSync(path.join(sample, 'whence.json'), path.join(scratch, 'whence.json'));
    cpSync(path.join(sample, 'data'), path.join(scratch, 'data'), { recursive: true });
    writeFileSync(path.join(scratch, 'realign.jsonl'), linesOf('eval/realign.jsonl', 24));
    writeFileSync(path.join(scratch, 'harmful.jsonl'), linesOf('eval/unseen-harmful.jsonl', 8));
    writeFileSync(path.join(scratch, 'benign.jsonl'), linesOf('eval/benign.jsonl', 4));
    writeFileSync(path.join(scratch, 'tests.jsonl'), linesOf('eval/in-domain.jsonl', 6));
    driver = startDriver(path.join(scratch, 'cache'));
  });
  after(() => {
    driver.stop();
    rmSync(scratch, { recursive: true });
  });

  async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const done = await driver.run({ args: ['prune', ...args], cwd: scratch });
    if (typeof done === 'string') assert.fail(done);
    return done;
  }
  async function json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await run(...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  }
  async function refused(code: string, ...args: string[]): Promise<{ code: string; message: string; next: string }> {
    const done = await run(...args, '--json');
    assert.equal(done.code, 2, done.stdout);
    const { error } = JSON.parse(done.stderr) as { error: { code: string; message: string; next: string } };
    assert.equal(error.code, code, error.message);
    return error;
  }
  const files = ['--realign', 'realign.jsonl', '--benign', 'benign.jsonl', '--tests', 'tests.jsonl'];
  const small = [
    ...['propose', ...files, '--harmful', 'harmful.jsonl', '--max-tokens', '8', '--resamples', '200'],
    ...['--alpha', '0.1,0.5', '--scales', '0,0.5', '--controls', '1'],
  ];

  it('says what there would be to measure, and measures nothing', async () => {
    const plan = await json<{ schema: string; masks: { share: number }[]; cost: { states: number; known: number } }>(
      ...small,
      '--dry-run',
    );
    assert.equal(plan.schema, 'whence.prunePlan/1');
    assert.equal(plan.masks.length, 2);
    // Base, tuned, one factor, two masks, and a random and a magnitude mask.
    assert.deepEqual([plan.cost.states, plan.cost.known], [7, 0]);
    assert.ok(plan.masks.every(({ share }, i) => Math.abs(share - [0.1, 0.5][i]!) < 0.01));
  });

  let proposal: Proposal;
  it('measures masks beside the alternatives, and the same again reads what was measured', async () => {
    proposal = await json<Proposal>(...small, '--out', 'proposal.json');
    assert.deepEqual(proposal.states, { computed: 7, read: 0 });
    assert.deepEqual(proposal.counts, { harmful: 8, benign: 4, tests: 6 });
    assert.deepEqual(
      proposal.points.map(({ alphas }) => alphas),
      [[0.1], [0.5]],
    );
    for (const { figures } of [...proposal.points, ...proposal.scaling, { figures: proposal.tuned }])
      checkFigures(figures);
    const [, last] = proposal.points;
    assert.deepEqual(
      last!.controls.map(({ name, share }) => [name, share]),
      [
        ['random 1', last!.share],
        ['magnitude', last!.share],
      ],
    );
    for (const point of proposal.points) {
      const sums = [0, 0];
      for (const { pruned, entries } of point.modules) {
        sums[0]! += pruned;
        sums[1]! += entries;
      }
      assert.deepEqual(sums, [point.pruned, point.entries]);
      assert.equal(
        point.worthIt,
        point.conditions.every(({ holds }) => holds),
      );
    }
    const dropped = proposal.scaling.find(({ c }) => c === 0)!.figures;
    assert.equal(dropped.drift.estimate, 0);
    assert.ok(proposal.tuned.drift.estimate > 0);
    assert.equal(proposal.rows.length, 24);
    assert.ok(Math.abs(proposal.rows.reduce((sum, { share }) => sum + share!, 0) - 1) < 1e-9);
    assert.deepEqual(new Set(proposal.examples.map(({ role }) => role)), new Set(['harmful', 'benign', 'task']));
    assert.deepEqual(
      proposal.data.map(({ role }) => role),
      ['realign', 'harmful', 'benign', 'tests'],
    );
    const worth = proposal.points.some(({ worthIt }) => worthIt);
    assert.equal(proposal.recommendation.alpha !== null, worth);
    if (!worth) assert.match(proposal.recommendation.says, /None is worth it/);

    const again = await json<Proposal>(...small, '--out', 'curve.parquet');
    assert.deepEqual(again.states, { computed: 0, read: 7 });
    const { cost } = await json<{ cost: { states: number; known: number; seconds: number } }>(...small, '--dry-run');
    assert.deepEqual(cost.known, 7);
    assert.equal(cost.seconds, 0);
    const same = ({ points, scaling, tuned, rows, examples }: Proposal) => ({ points, scaling, tuned, rows, examples });
    assert.deepEqual(same(again), same(proposal));
    const table = await parquetReadObjects({ file: await asyncBufferFromFile(path.join(scratch, 'curve.parquet')) });
    assert.deepEqual(
      table.map(({ state }) => state),
      ['tuned', 'scaled', 'scaled', 'mask', 'mask', 'random 1', 'magnitude'],
    );
  });

  it('prints a table for people without a word of promise', async () => {
    const { code, stdout } = await run(...small, '--quiet');
    assert.equal(code, 0);
    assert.match(stdout, /^A proposal; nothing is applied\./);
    for (const title of ['fine-tuned', 'without the fine-tune', 'random 1', 'magnitude', 'worth it'])
      assert.ok(stdout.includes(title));
    assert.doesNotMatch(stdout, /restor|\bsafe\b|proves/i);
  });

  it('measures on held back rows where no harmful prompts are given, and says so', async () => {
    const plan = await json<{ warnings: { code: string }[] }>('propose', ...files, '--alpha', '0.5', '--dry-run');
    assert.ok(plan.warnings.some(({ code }) => code === 'harmful-held-back'));
  });

  it('takes other scores, thresholds and targets', async () => {
    const share = async (...flags: string[]): Promise<number> => {
      const { masks } = await json<{ masks: { share: number }[] }>(...small, '--alpha', '0.5', '--dry-run', ...flags);
      assert.equal(masks.length, 1);
      return masks[0]!.share;
    };
    assert.equal(await share('--threshold', '2:4', '--modules', 'q_proj,v_proj'), 0.5);
    for (const flags of [
      ['--score', 'signedGrad'],
      ['--score', 'magnitude', '--threshold', 'global'],
      ['--score', 'random', '--threshold', 'row'],
      ['--target', 'delta', '--modules', 'q_proj'],
      ['--target', 'weights', '--modules', 'down_proj', '--score', 'signedGrad'],
    ])
      assert.ok(Math.abs((await share(...flags)) - 0.5) < 0.02);
  });

  it('measures masks of the merged difference: all of it pruned is the model without those modules of the adapter', async () => {
    const found = await json<Proposal>(
      ...small,
      '--alpha',
      '1',
      '--target',
      'delta',
      '--controls',
      '0',
      '--scales',
      '0',
    );
    const [point] = found.points;
    assert.equal(point!.share, 1);
    const dropped = found.scaling[0]!.figures;
    // Every adapted module is pruned whole: the same weights but for the rounding of the product that is not added.
    assert.equal(point!.figures.harmful.estimate, dropped.harmful.estimate);
    assert.ok(point!.figures.drift.estimate < 1e-5);
  });

  it('refuses what cannot be proposed, in clear words', async () => {
    writeFileSync(path.join(scratch, 'empty.jsonl'), '');
    copyModel('llama', path.join(scratch, 'models/plain'));
    const without = (flag: string, file: string): string[] =>
      small.map((arg, i) => (small[i - 1] === flag ? file : arg));
    const empty: readonly (readonly [string, string])[] = [
      ['--benign', 'no-benign-prompts'],
      ['--harmful', 'no-harmful-prompts'],
      ['--tests', 'no-tests'],
      ['--realign', 'no-realign-rows'],
    ];
    for (const [flag, code] of empty) {
      const { message, next } = await refused(code, ...without(flag, 'empty.jsonl'));
      assert.match(message, /empty\.jsonl/);
      assert.match(next, /^Give /);
    }
    await refused('not-an-adapter', ...small, '--model', 'models/plain');
    await refused('base-needed', ...small, '--model', 'models/plain', '--target', 'delta');
    await refused('module-unknown', ...small, '--modules', 'zebra');
    const seen = await refused('no-harmful-prompts', ...without('--harmful', 'realign.jsonl'));
    assert.match(seen.message, /calibration rows/);
  });

  const apply = ['apply', '--proposal', 'proposal.json', '--alpha', '0.5'];
  it('applies a mask into a new folder and leaves every other file as it was', async () => {
    const before = snapshot(path.join(scratch, 'models'));
    const applied = await json<{ pruned: number; form: string; mask: string }>(...apply, '--out', 'models/pruned');
    const point = proposal.points[1]!;
    assert.deepEqual([applied.form, applied.pruned, applied.mask], ['adapter', point.pruned, point.mask]);
    const after = snapshot(path.join(scratch, 'models'));
    for (const [name, content] of before) assert.equal(after.get(name), content, name);
    // The written adapter does what was measured.
    const { stdout } = await driverRun([
      'test',
      '--model',
      'models/base',
      '--adapter',
      'models/pruned',
      '--prompt',
      proposal.examples[0]!.prompt,
      '--matches',
      '',
      '--max-tokens',
      '8',
      '--json',
    ]);
    const tested = JSON.parse(stdout) as { tests: { results: { answer: string }[] }[] };
    const expected = proposal.shown === 1 ? proposal.examples[0]!.after : undefined;
    if (expected !== undefined) assert.equal(tested.tests[0]!.results.at(-1)!.answer, expected);
    const adapterOnly = await driverRun(['inspect', '--adapter', 'models/pruned', '--json']);
    assert.equal(adapterOnly.code, 0, 'the written adapter names its base');
  });

  async function driverRun(args: string[]): Promise<{ code: number; stdout: string }> {
    const done = await driver.run({ args, cwd: scratch });
    if (typeof done === 'string') assert.fail(done);
    return done;
  }

  it('explains from the record alone', async () => {
    const { code, stdout } = await run('explain', '--applied', 'models/pruned');
    assert.equal(code, 0);
    assert.match(stdout, /entries \(50\.\d %\) of adapter were pruned: wanda, alpha 0\.5/);
    assert.match(stdout, /realign: realign\.jsonl/);
  });

  it('never writes over anything, and writes no mask that was not proposed', async () => {
    await refused('out-exists', ...apply, '--out', 'models/pruned');
    await refused('alpha-unknown', 'apply', '--proposal', 'proposal.json', '--alpha', '0.3', '--out', 'models/other');
    if (proposal.recommendation.alpha === null)
      await refused('none-worth-it', 'apply', '--proposal', 'proposal.json', '--out', 'models/other');
    writeFileSync(path.join(scratch, 'fewer.jsonl'), linesOf('eval/realign.jsonl', 12));
    await refused('mask-differs', ...apply, '--realign', 'fewer.jsonl', '--out', 'models/other');
    await refused('model-changed', ...apply, '--model', 'models/plain', '--out', 'models/other');
    await refused('proposal-unreadable', 'apply', '--proposal', 'models/base/config.json', '--out', 'models/other');
    assert.ok(!existsSync(path.join(scratch, 'models/other')));
  });

  it('says of a record that was tampered with what is wrong, and keeps its hands off', async () => {
    const file = path.join(scratch, 'models/pruned/whence-pruning.json');
    const text = readFileSync(file, 'utf8');
    const record = JSON.parse(text) as { files: object[]; proposal: object };
    writeFileSync(file, JSON.stringify({ ...record, proposal: { rows: 3 } }));
    const { code, stderr } = await run('explain', '--applied', 'models/pruned');
    assert.equal(code, 2);
    assert.match(stderr, /does not hold the proposal/);
    writeFileSync(
      file,
      JSON.stringify({ ...record, files: [{ name: '../tuned/adapter_config.json', sha256: '0'.repeat(64) }] }),
    );
    await refused('pruning-record-damaged', 'undo', '--applied', 'models/pruned');
    assert.ok(existsSync(path.join(scratch, 'models/tuned/adapter_config.json')));
    writeFileSync(file, text);
  });

  it('writes the values from before back, bit for bit', async () => {
    await json('undo', '--applied', 'models/pruned', '--out', 'models/back');
    const tensors = (folder: string): Buffer => readFileSync(path.join(scratch, folder, 'adapter_model.safetensors'));
    assert.ok(tensors('models/back').equals(tensors('models/tuned')));
    assert.ok(existsSync(path.join(scratch, 'models/pruned')));
  });

  it('undoes only what apply wrote and nobody changed, while the original is there', async () => {
    const changed = path.join(scratch, 'models/pruned/adapter_config.json');
    const config = readFileSync(changed, 'utf8');
    writeFileSync(changed, `${config} `);
    await refused('pruned-changed', 'undo', '--applied', 'models/pruned');
    writeFileSync(changed, config);

    const workspace = readFileSync(path.join(scratch, 'whence.json'), 'utf8');
    writeFileSync(
      path.join(scratch, 'whence.json'),
      workspace.replace('"adapter": "models/tuned"', '"adapter": "models/pruned"'),
    );
    const named = await refused('still-named', 'undo', '--applied', 'models/pruned');
    assert.match(named.next, /"adapter": "models\/tuned"/);
    writeFileSync(path.join(scratch, 'whence.json'), workspace);

    const original = path.join(scratch, 'models/tuned/adapter_config.json');
    const was = readFileSync(original);
    writeFileSync(original, '{}');
    await refused('original-missing', 'undo', '--applied', 'models/pruned');
    writeFileSync(original, was);

    writeFileSync(path.join(scratch, 'models/pruned/mine.txt'), 'mine');
    const undone = await json<{ kept: string[] }>('undo', '--applied', 'models/pruned');
    assert.deepEqual(undone.kept, ['mine.txt']);
    assert.deepEqual(readdirSync(path.join(scratch, 'models/pruned')), ['mine.txt']);
    assert.equal((await run('undo', '--applied', 'models/pruned', '--json')).code, 2);
  });

  it('killed while it applies leaves nothing or the complete result, and applies again', async () => {
    const args = ['prune', ...apply, '--out', 'models/killed', '--json', '--device', 'cpu', '--threads', '1'];
    const out = path.join(scratch, 'models/killed');
    for (let delay = 0; delay < 12; delay++) {
      rmSync(out, { recursive: true, force: true });
      const child = spawn(process.execPath, [cliFile, ...args], {
        cwd: scratch,
        env: cliEnvironment(path.join(scratch, 'cache')),
        stdio: 'ignore',
      });
      const ended = once(child, 'exit');
      const partial = `${out}.whence-pruning-partial`;
      while (child.exitCode === null && !existsSync(partial) && !existsSync(out)) await sleep(1);
      await sleep(delay);
      child.kill('SIGKILL');
      await ended;
      // The engine ends with its parent.
      await sleep(150);
      if (existsSync(out)) {
        const { code, stdout } = await run('explain', '--applied', 'models/killed', '--json');
        assert.equal(code, 0);
        const { files } = JSON.parse(stdout) as { files: { name: string }[] };
        assert.deepEqual(readdirSync(out).sort(), [...files.map(({ name }) => name), 'whence-pruning.json'].sort());
        assert.ok(!existsSync(partial));
      }
    }
    rmSync(out, { recursive: true, force: true });
    await json(...apply, '--out', 'models/killed');
    await json('undo', '--applied', 'models/killed');
    assert.ok(!existsSync(out));
  });

  it('wrote lineage entries', async () => {
    const { stdout } = await driverRun(['lineage', '--json']);
    const commands = (JSON.parse(stdout) as { entries: { command: string }[] }).entries.map(({ command }) => command);
    for (const command of ['prune propose', 'prune apply', 'prune undo'])
      assert.ok(commands.includes(command), command);
  });
});

function checkFigures(figures: PruningFigures): void {
  for (const [name, { estimate, low, high }] of Object.entries(figures)) {
    assert.ok(low <= estimate + 1e-12 && estimate <= high + 1e-12, `${name}: ${low} ${estimate} ${high}`);
  }
}
