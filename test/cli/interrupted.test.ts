import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seededRandom } from '../support/seededRandom';
import { copyModel } from './brokenInputs/brokenCase';
import { childrenOf, isAlive, waitFor } from './support/processes';
import { cliEnvironment, cliFile, runCli } from './support/runCli';
import { snapshot } from './support/snapshot';

/** 5 rows, one a step, 8 epochs; a checkpoint every 6 steps. */
const totalSteps = 40;
const kinds = ['lora', 'full'] as const;
type Kind = (typeof kinds)[number];

/** When and whom to kill: once this much is done, and a little later, so that it is no moment of the program's own. */
interface Moment {
  /** Of the steps; 1 is the moment at which the result is written. */
  readonly share: number;
  readonly milliseconds: number;
  readonly victim: 'engine' | 'command';
}

/** Of each victim, at least. */
const killsWanted = 11;
const momentsOfRun = 4;

/** A run is killed at later and later moments. */
function drawMoments(random: Random): Moment[] {
  return Array.from({ length: momentsOfRun }, (_, i): Moment => {
    const share = random.uniform() < 0.1 ? 1 : 0.85 * random.uniform();
    return { share, milliseconds: Math.floor(random.uniform() * 40), victim: i % 2 === 0 ? 'engine' : 'command' };
  }).sort((a, b) => a.share - b.share);
}

describe('training that is interrupted', function () {
  this.timeout(300_000);
  let scratch: string;
  let cache: string;

  before(() => {
    if (process.platform === 'win32') this.ctx.skip();
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-interrupted-'));
    cache = path.join(scratch, 'cache');
    copyModel('llama', path.join(scratch, 'model'));
    cpSync('test/fixtures/data/openai.jsonl', path.join(scratch, 'rows.jsonl'));
    for (const method of kinds) {
      const recipe = { model: 'model', data: 'rows.jsonl', method, batchSize: 1, epochs: 8, seed: 5 };
      writeFileSync(path.join(scratch, `${method}.json`), JSON.stringify(recipe));
    }
  });
  after(() => rmSync(scratch, { recursive: true }));

  const trainArgs = (kind: Kind, out: string): string[] => [
    ...['train', '--json', '--device', 'cpu', '--threads', '1', '--recipe', `${kind}.json`, '--out', out],
  ];
  function start(kind: Kind, out: string): ChildProcess {
    return spawn(process.execPath, [cliFile, ...trainArgs(kind, out)], {
      cwd: scratch,
      env: cliEnvironment(cache),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
  async function finish(kind: Kind, out: string): Promise<{ steps: object[]; warnings: { code: string }[] }> {
    const { code, stdout, stderr } = await runCli(trainArgs(kind, out), { cwd: scratch, cache });
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as { steps: object[]; warnings: { code: string }[] };
  }

  /** Share of a run's steps that are kept, by what lies in its partial folder. */
  function shareDone(out: string): number {
    const partial = path.join(scratch, `${out}.whence-partial`);
    if (!existsSync(partial)) return -1;
    if (readdirSync(partial).some((name) => /^(adapter_)?model\.safetensors/.test(name))) return 1;
    const manifest = path.join(partial, 'whence-run/checkpoints/manifest.json');
    if (!existsSync(manifest)) return 0;
    const states = JSON.parse(readFileSync(manifest, 'utf8')) as { step: number }[];
    // A checkpoint stands for the steps up to the next one.
    return (states.at(-1)!.step + 5) / totalSteps;
  }

  it('killed at random moments, engine and command in turn, it goes on to the same bits', async () => {
    const references = new Map<Kind, ReadonlyMap<string, string>>();
    for (const kind of kinds) {
      const { steps } = await finish(kind, `whole-${kind}`);
      assert.equal(steps.length, totalSteps);
      references.set(kind, snapshot(path.join(scratch, `whole-${kind}`)));
    }
    const killed = { engine: 0, command: 0 };
    const random = seededRandom(20);
    // A moment may be missed because the run was quicker; then there is another run.
    for (let run = 0; Math.min(killed.engine, killed.command) < killsWanted; run += 1) {
      assert.ok(run < 30, JSON.stringify(killed));
      const moments = drawMoments(random);
      const kind = kinds[run % kinds.length]!;
      const out = `killed-${run}`;
      let command: ChildProcess | undefined;
      for (const { share, milliseconds, victim } of moments) {
        if (command === undefined || command.exitCode !== null || command.signalCode !== null)
          command = start(kind, out);
        const running: ChildProcess = command;
        const ended = (): boolean => running.exitCode !== null || running.signalCode !== null;
        if ((await waitFor(() => shareDone(out) >= share, ended)) === 'no') break;
        await sleep(milliseconds);
        const [engine] = childrenOf(running.pid!);
        if (ended() || engine === undefined) continue;
        const exit = victim === 'command' ? once(running, 'close') : undefined;
        process.kill(victim === 'engine' ? engine : running.pid!, 'SIGKILL');
        killed[victim] += 1;
        // The engine of a command that is gone ends by itself.
        await waitFor(
          () => !isAlive(engine),
          () => false,
        );
        await exit;
        assert.ok(
          !existsSync(path.join(scratch, out)) || shareDone(out) === -1,
          `${out} is there beside its partial folder`,
        );
      }
      if (command !== undefined && command.exitCode === null && command.signalCode === null)
        await once(command, 'close');
      const { steps } = await finish(kind, out);
      assert.equal(steps.length, totalSteps);
      assert.deepEqual(snapshot(path.join(scratch, out)), references.get(kind), `${out}, ${kind}`);
      assert.equal(shareDone(out), -1, 'the partial folder is gone');
    }
  });

  it('Ctrl-C ends the command with exit code 130, its engine too, and the same command resumes', async () => {
    const command = start('lora', 'cancelled');
    let stderr = '';
    command.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    assert.equal(
      await waitFor(
        () => shareDone('cancelled') > 0,
        () => command.exitCode !== null,
      ),
      'yes',
    );
    const [engine] = childrenOf(command.pid!);
    command.kill('SIGINT');
    const [code] = (await once(command, 'close')) as [number];
    assert.equal(code, 130);
    assert.equal((JSON.parse(stderr) as { error: { code: string } }).error.code, 'cancelled');
    await waitFor(
      () => !isAlive(engine!),
      () => false,
    );
    assert.ok(!existsSync(path.join(scratch, 'cancelled')));
    const { steps, warnings } = await finish('lora', 'cancelled');
    assert.equal(steps.length, totalSteps);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['resumed'],
    );
  });
});
