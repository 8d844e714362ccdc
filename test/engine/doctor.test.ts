import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createJobRunner, type JobOptions, type JobRunner } from '../../src/jobs/createJobRunner';
import type { DeviceMeasured, DoctorRequest } from '../../src/protocol/doctor';
import { UserError } from '../../src/protocol/errors';
import { type DeviceChoice, deviceNames } from '../../src/protocol/requests';

/** The engine as it ships. */
const engineModule = path.resolve('dist/engine.mjs');

function request(cacheFolder: string, device: DeviceChoice): DoctorRequest {
  return {
    kind: 'doctor',
    compute: { device, threads: 1, cacheFolder },
    matrixSize: 64,
    secondsPerDevice: 0,
  };
}

describe('doctor', () => {
  let runner: JobRunner;
  let cacheFolder: string;
  const events: DeviceMeasured[] = [];
  const options: JobOptions<DoctorRequest> = {
    engineKey: 'doctor',
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onEvent: (event) => events.push(event as DeviceMeasured),
    onLog: () => undefined,
    onCrash: { kind: 'fail' },
  };

  before(async () => {
    cacheFolder = await mkdtemp(path.join(os.tmpdir(), 'whence-cache-'));
    runner = createJobRunner({ engineModule, environment: {}, idleSeconds: 600 });
  });
  after(async () => {
    await runner.close();
    await rm(cacheFolder, { recursive: true });
  });

  it('answers for every device, streams each, and names the one in use', async () => {
    // A damaged cache is measured again, not believed and not an error.
    await writeFile(path.join(cacheFolder, 'devices.json'), '{ "cpu');
    const { result, device, memory } = await runner.run(request(cacheFolder, 'auto'), options);
    assert.deepEqual(
      result.devices.map((report) => report.device),
      [...deviceNames],
    );
    assert.deepEqual(
      events.map(({ report }) => report),
      result.devices,
    );
    const cpu = result.devices.find((report) => report.device === 'cpu')!;
    assert.ok(cpu.state === 'usable' && cpu.gflops > 0 && cpu.parity === 0);
    for (const report of result.devices) if (report.state !== 'usable') assert.ok(report.reason.length > 0);
    assert.deepEqual(result.chosen, device);
    assert.ok(result.chosen.reason.startsWith('auto took'));
    assert.ok(memory.estimatedBytes !== undefined && memory.peakBytes > 0);
    assert.ok(result.memory.availableBytes <= result.memory.totalBytes);
  });

  it('a device that is not there is a finding, and says what it needs', async () => {
    const { result } = await runner.run(request(cacheFolder, 'coreml'), options);
    if (result.devices.some(({ device, state }) => device === 'coreml' && state !== 'absent')) return;
    assert.equal(result.chosen.device, null);
    assert.match(result.chosen.reason, /coreml is not part of this build.*Ask for one of: auto, cpu/);
  });

  const wrong: readonly [string, object, string][] = [
    ['an unknown device', { compute: { device: 'tpu', threads: 1, cacheFolder: '/x' } }, 'device-unknown'],
    ['no thread', { compute: { device: 'cpu', threads: 0, cacheFolder: '/x' } }, 'bad-request'],
    ['half a matrix', { matrixSize: 100.5 }, 'bad-request'],
    ['an endless measurement', { secondsPerDevice: 1e9 }, 'bad-request'],
    ['no settings', { compute: null }, 'bad-request'],
  ];
  for (const [name, change, code] of wrong) {
    it(`refuses ${name}`, async () => {
      const changed = { ...request(cacheFolder, 'cpu'), ...change };
      await assert.rejects(runner.run(changed, options), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.code, code);
        assert.equal(error.kind, 'badInput');
        return true;
      });
    });
  }
});
