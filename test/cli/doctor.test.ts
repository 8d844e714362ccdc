import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { DoctorResult } from '../../src/protocol/doctor';
import type { ModelNeedsResult } from '../../src/protocol/requests';

describe('whence doctor', () => {
  it('tells the devices, the one in use, and what a model needs', () => {
    const args = ['doctor', '--model', path.resolve('samples/assistant/models/base'), '--json'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve('dist/cli.mjs'), ...args], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout) as DoctorResult & { readonly schema: string; readonly model: ModelNeedsResult };
    assert.equal(report.schema, 'whence.doctor/1');
    const cpu = report.devices.find(({ device }) => device === 'cpu');
    assert.ok(cpu?.state === 'usable' && cpu.gflops > 0);
    assert.ok(report.chosen.device !== null);
    const { tasks, parameters, weightBytes } = report.model;
    assert.equal(weightBytes, 4 * parameters);
    const bytes = Object.fromEntries(tasks.map((task) => [task.name, task.bytes]));
    // A full step holds gradients and moments of every parameter besides what scoring holds.
    assert.ok(bytes['full step']! > bytes['score, one batch']! + 3 * weightBytes);
    for (const { operations } of tasks) assert.ok(operations > 0);
  });
});
