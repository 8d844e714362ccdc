import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createJobRunner, type JobOptions, type JobRunner } from '../../src/jobs/createJobRunner';
import type { DoctorRequest } from '../../src/protocol/doctor';
import { type ChosenDevice, parityTolerance } from '../../src/runtime/chooseDevice';
import { swiftShaderEnvironment } from '../support/swiftShader';

const options: JobOptions<DoctorRequest> = {
  engineKey: 'webgpu',
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onEvent: () => undefined,
  onLog: () => undefined,
  onCrash: { kind: 'fail' },
};

/** A device without a GPU is slow to compile each kernel: a minute on a busy machine. */
const patience = 600_000;

describe('webgpu', () => {
  let runner: JobRunner;
  let cacheFolder: string;
  const run = async (request: object): Promise<unknown> => (await runner.run(request as never, options)).result;

  before(async function () {
    const environment = swiftShaderEnvironment();
    if (environment === undefined) {
      console.log('      skipped: SwiftShader is not installed (test/setUp.mjs installs it)');
      this.skip();
    }
    cacheFolder = await mkdtemp(path.join(os.tmpdir(), 'whence-cache-'));
    const engineModule = path.resolve('out-test/jobs/testEngine.child.mjs');
    runner = createJobRunner({ engineModule, environment, idleSeconds: 600 });
  });
  after(async () => {
    await runner?.close();
    if (cacheFolder !== undefined) await rm(cacheFolder, { recursive: true });
  });

  it('gradients of a transformer block equal those of the cpu; the verdict is given and kept', async () => {
    const compute = { device: 'webgpu', threads: 1, cacheFolder };
    const chosen = (await run({ kind: 'device', compute })) as ChosenDevice;
    assert.equal(chosen.device, 'webgpu');
    assert.match(chosen.reason, /agrees with the cpu within \d\.\de-\d/);
    const kept: unknown = JSON.parse(await readFile(path.join(cacheFolder, 'devices.json'), 'utf8'));
    const [[key, { parity }]] = Object.entries(kept as object) as [[string, { parity: number }]];
    assert.match(key, /^webgpu /);
    // Exact agreement would mean that the CPU computed both.
    assert.ok(parity > 0 && parity <= parityTolerance, `${parity}`);
  }).timeout(patience);

  it('auto takes the faster cpu over a software device, and says so', async () => {
    const compute = { device: 'auto', threads: 1, cacheFolder };
    const chosen = (await run({ kind: 'device', compute })) as ChosenDevice;
    assert.equal(chosen.device, 'cpu');
    assert.match(chosen.reason, /fastest of cpu [\d.]+ GFLOP\/s, webgpu [\d.]+ GFLOP\/s/);
  }).timeout(patience);
});
