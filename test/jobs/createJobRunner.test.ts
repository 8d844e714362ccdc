import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createJobRunner, type JobOptions, type JobRunner } from '../../src/jobs/createJobRunner';
import type { DoctorRequest } from '../../src/protocol/doctor';
import { UserError } from '../../src/protocol/errors';
import type { JobOutcome, Progress } from '../../src/protocol/jobs';

const engineModule = path.resolve('out-test/jobs/testEngine.child.mjs');
const compute = { device: 'cpu', threads: 1, cacheFolder: path.resolve('out-test/no-cache') };

function options(overrides: Partial<JobOptions<DoctorRequest>> = {}): JobOptions<DoctorRequest> {
  return {
    engineKey: 'model',
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onEvent: () => undefined,
    onLog: () => undefined,
    onCrash: { kind: 'fail' },
    ...overrides,
  };
}

function isUserError(expected: Partial<UserError>) {
  return (error: unknown): true => {
    assert.ok(error instanceof UserError, String(error));
    for (const [key, value] of Object.entries(expected)) assert.equal(error[key as keyof UserError], value);
    assert.ok(error.next.length > 10);
    return true;
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('job runner', () => {
  let runner: JobRunner;
  const run = (request: Record<string, unknown>, overrides: Partial<JobOptions<DoctorRequest>> = {}) =>
    runner.run({ compute, ...request } as never, options(overrides)) as Promise<JobOutcome<unknown>>;

  beforeEach(() => {
    runner = createJobRunner({ engineModule, environment: {}, idleSeconds: 600 });
  });
  afterEach(() => runner.close());

  it('carries typed arrays, big integers and special numbers both ways', async () => {
    const value = {
      floats: Float32Array.of(1.5, Number.NaN, -0),
      ids: BigInt64Array.of(-1n, 2n ** 62n),
      bytes: Uint8Array.of(0, 255),
      nested: [null, true, 'ü\u0000', { infinity: Number.NEGATIVE_INFINITY }],
    };
    const { result, device, memory } = await run({ kind: 'echo', value });
    assert.deepEqual(result, value);
    assert.equal(device, undefined);
    assert.ok(memory.peakBytes >= memory.beforeBytes && memory.beforeBytes > 0);
    assert.equal(memory.estimatedBytes, undefined);
  });

  it('streams events and progress in order, and all of it before the result', async () => {
    const events: number[] = [];
    const progress: Progress[] = [];
    const logs: string[] = [];
    await run(
      { kind: 'stream', count: 500 },
      {
        onEvent: (event) => events.push((event as { i: number }).i),
        onProgress: (report) => progress.push(report),
        onLog: (_, text) => logs.push(text),
      },
    );
    assert.deepEqual(events, [...Array(501).keys()]);
    assert.equal(progress[0]?.done, 0);
    assert.equal(progress.at(-1)?.done, 500);
    assert.ok(progress.every(({ done }, i) => i === 0 || done >= progress[i - 1]!.done));
    assert.deepEqual(logs, ['all sent']);
  });

  it('an error for the user crosses intact', async () => {
    await assert.rejects(run({ kind: 'userError' }), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(error.toData(), {
        kind: 'badInput',
        code: 'rows-missing',
        message: 'data.jsonl holds no rows.',
        next: 'Add a row.',
      });
      return true;
    });
  });

  it("a fault keeps the engine's stack, and that engine gets no further job", async () => {
    const before = (await run({ kind: 'pid' })).result as { pid: number };
    await assert.rejects(run({ kind: 'fault' }), (error: Error) => {
      assert.ok(!(error instanceof UserError));
      assert.match(error.message, /a broken assumption/);
      assert.match(error.stack ?? '', /testEngine/);
      return true;
    });
    const after = (await run({ kind: 'pid' })).result as { pid: number };
    assert.notEqual(after.pid, before.pid);
  });

  it('an unknown job is refused', async () => {
    await assert.rejects(run({ kind: 'toString' }), isUserError({ code: 'job-unknown', kind: 'badInput' }));
  });

  it('an idle engine is used again with its model; another model gets a fresh engine and the idle one goes', async () => {
    const first = (await run({ kind: 'pid' })).result as { pid: number; loads: number };
    const second = (await run({ kind: 'pid' })).result as { pid: number; loads: number };
    assert.deepEqual(second, { pid: first.pid, loads: 1 });
    const other = (await run({ kind: 'pid' }, { engineKey: 'other' })).result as { pid: number };
    assert.notEqual(other.pid, first.pid);
    await until(() => !isAlive(first.pid));
    assert.deepEqual(runner.enginePids(), [other.pid]);
  });

  it('two jobs at once have two engines', async () => {
    const [a, b] = await Promise.all([run({ kind: 'pid' }), run({ kind: 'pid' })]);
    assert.notEqual((a.result as { pid: number }).pid, (b.result as { pid: number }).pid);
  });

  it('without idle time the engine ends with its job', async () => {
    const short = createJobRunner({ engineModule, environment: {}, idleSeconds: 0 });
    await short.run({ kind: 'pid', compute } as never, options());
    await until(() => short.enginePids().length === 0);
  });

  it('an idle engine ends by itself, and the next job of its model does not notice', async () => {
    const brief = createJobRunner({ engineModule, environment: {}, idleSeconds: 0.001 });
    const pids = new Set<number>();
    for (let i = 0; i < 8; i += 1) {
      const { result } = await brief.run({ kind: 'pid', compute } as never, options());
      pids.add((result as unknown as { pid: number }).pid);
    }
    assert.ok(pids.size >= 1);
    await until(() => brief.enginePids().length === 0);
  });

  for (const kind of ['compute', 'block']) {
    it(`a job is cancelled while it holds the engine's thread: ${kind}`, async () => {
      const abort = new AbortController();
      let started = 0;
      let aborted = Number.NaN;
      const job = run(
        { kind },
        {
          signal: abort.signal,
          onEvent: (event) => {
            started = (event as { pid: number }).pid;
            setTimeout(() => {
              aborted = performance.now();
              abort.abort();
            }, 300);
          },
        },
      );
      await assert.rejects(job, isUserError({ kind: 'cancelled' }));
      // It takes tens of milliseconds; the bound only tells a kill from waiting for the job.
      assert.ok(performance.now() - aborted < 5000);
      assert.ok(!isAlive(started));
    });
  }

  it('a signal that is aborted already starts nothing', async () => {
    await assert.rejects(run({ kind: 'pid' }, { signal: AbortSignal.abort() }), isUserError({ kind: 'cancelled' }));
    assert.deepEqual(runner.enginePids(), []);
  });

  it('an engine killed at any moment is an error that says so, and the next job works', async () => {
    for (const delay of [0, 5, 20, 60, 100, 150, 250, 400]) {
      const job = run({ kind: 'compute' });
      const outcome = assert.rejects(job, isUserError({ kind: 'engineFailed', code: 'engine-killed' }));
      await new Promise((resolve) => setTimeout(resolve, delay));
      for (const pid of runner.enginePids()) process.kill(pid, 'SIGKILL');
      await outcome;
    }
    assert.equal((await run({ kind: 'echo', value: 1 })).result, 1);
  });

  it('a crash names the signal and what to do; on a GPU that is to use the cpu', async () => {
    const failure = run({ kind: 'dieOnce', compute: { ...compute, device: 'webgpu' } });
    await assert.rejects(failure, (error: unknown) => {
      isUserError({ kind: 'engineFailed', code: 'engine-crashed' })(error);
      assert.match((error as UserError).message, /SIGSEGV/);
      assert.match((error as UserError).next, /device cpu/);
      return true;
    });
  });

  it('an early exit is reported with the last words of the engine', async () => {
    await assert.rejects(run({ kind: 'quit' }), (error: unknown) => {
      isUserError({ kind: 'engineFailed', code: 'engine-ended' })(error);
      assert.match((error as UserError).message, /exit code 7.*the tensor library says goodbye/);
      return true;
    });
  });

  it('a job that can be resumed goes on after a crash, with the request that its policy gives', async () => {
    const warnings: string[] = [];
    const { result } = await run(
      { kind: 'dieOnce' },
      {
        onLog: (level, text) => warnings.push(`${level} ${text}`),
        onCrash: { kind: 'restart', restarts: 1, resume: (request) => ({ ...request, value: 'resumed' }) },
      },
    );
    assert.equal(result, 'resumed');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /warning .*SIGSEGV/);
  });

  it('restarts are bounded', async () => {
    let asked = 0;
    const resume = (request: DoctorRequest) => {
      asked += 1;
      return request;
    };
    const job = run({ kind: 'dieOnce' }, { onCrash: { kind: 'restart', restarts: 2, resume } });
    await assert.rejects(job, isUserError({ code: 'engine-crashed' }));
    assert.equal(asked, 2);
  });

  it('an unreadable reply ends the engine with an error', async () => {
    await assert.rejects(run({ kind: 'unreadable' }), isUserError({ kind: 'engineFailed', code: 'engine-message' }));
  });

  it('an unreadable command ends the engine with its reason', async () => {
    const job = run({ kind: 'echo', value: new Map() });
    await assert.rejects(job, (error: unknown) => {
      isUserError({ code: 'engine-ended' })(error);
      assert.match((error as UserError).message, /refused a message: an object with a class/);
      return true;
    });
  });

  it('a module that is not there is an error, not a hang', async () => {
    const broken = createJobRunner({ engineModule: path.resolve('no-such.mjs'), environment: {}, idleSeconds: 1 });
    const job = broken.run({ kind: 'echo', compute } as never, options());
    await assert.rejects(job, isUserError({ kind: 'engineFailed', code: 'engine-ended' }));
  });

  it('memory is announced before and measured after, also while the thread is held', async () => {
    const bytes = 300e6;
    const { memory } = await run({ kind: 'hold', bytes });
    const estimated = memory.estimatedBytes!;
    assert.ok(estimated > bytes);
    // The promise of every job: 70 to 100 % of what was announced.
    if (memory.measuredAs === 'anonymous') assert.ok(memory.peakBytes >= 0.7 * estimated, `${memory.peakBytes}`);
    if (memory.measuredAs === 'anonymous') assert.ok(memory.peakBytes <= estimated, `${memory.peakBytes}`);
    assert.ok(memory.peakResidentBytes >= bytes);
  });

  it('a gradient of a deep network keeps to what its plan announced', async () => {
    const { memory, result } = await run({ kind: 'gradient' });
    assert.equal(result, 24);
    const share = memory.peakBytes / memory.estimatedBytes!;
    if (memory.measuredAs === 'anonymous') assert.ok(share >= 0.7 && share <= 1, `${share} of the estimate`);
  });

  it('what does not fit is refused with the numbers and the setting that fits', async () => {
    await assert.rejects(run({ kind: 'hold', bytes: 1e15 }), (error: unknown) => {
      isUserError({ kind: 'badInput', code: 'memory-too-small' })(error);
      assert.match((error as UserError).message, /needs 1000000 GB .* left of [\d.]+ GB/);
      assert.match((error as UserError).next, /--batch-size 1/);
      return true;
    });
  });

  for (const kind of ['compute', 'block']) {
    it(`an engine whose parent was killed ends: ${kind}`, async function () {
      if (process.platform === 'win32' && kind === 'block') this.skip();
      const maker = path.resolve('out-test/jobs/orphanMaker.child.mjs');
      const parent = spawn(process.execPath, [maker, engineModule, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
      const pid = await new Promise<number>((resolve) => {
        parent.stdout.once('data', (text) => resolve(Number(String(text))));
      });
      assert.ok(isAlive(pid));
      parent.kill('SIGKILL');
      await until(() => !isAlive(pid));
    });
  }
});
