import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { checkMemory, engineBaselineBytes, formatBytes } from '../../src/engine/checkMemory';
import { readMachineMemory } from '../../src/engine/machineMemory';
import { UserError } from '../../src/protocol/errors';

const gibibyte = 2 ** 30;
const meminfo = `MemTotal:       ${16 * 2 ** 20} kB\nMemFree:         1000 kB\nMemAvailable:   ${12 * 2 ** 20} kB\n`;

describe('machine memory', () => {
  let root: string;
  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.join(root, path.dirname(name)), { recursive: true });
      await writeFile(path.join(root, name), text);
    }
  };
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'whence-proc-'));
    await write({ 'proc/meminfo': meminfo });
  });
  afterEach(() => rm(root, { recursive: true }));

  it('without control groups it is what the machine has available', () => {
    assert.deepEqual(readMachineMemory(root, 'linux'), {
      totalBytes: 16 * gibibyte,
      availableBytes: 12 * gibibyte,
      limitedBy: 'machine',
    });
  });

  it('a version 2 group counts, page cache can be had, and an outer group may be the narrower', async () => {
    await write({
      'proc/self/cgroup': '0::/user/job\n',
      'sys/fs/cgroup/user/job/memory.max': 'max\n',
      'sys/fs/cgroup/user/job/memory.current': '1\n',
      'sys/fs/cgroup/user/memory.max': `${4 * gibibyte}\n`,
      'sys/fs/cgroup/user/memory.current': `${3 * gibibyte}\n`,
      'sys/fs/cgroup/user/memory.stat': `anon 1\ninactive_file ${gibibyte}\nactive_file ${gibibyte}\n`,
    });
    assert.deepEqual(readMachineMemory(root, 'linux'), {
      totalBytes: 4 * gibibyte,
      availableBytes: 3 * gibibyte,
      limitedBy: 'control group',
    });
  });

  it('a version 1 group counts; its huge number means no limit', async () => {
    const limit = 'sys/fs/cgroup/memory/docker/memory.limit_in_bytes';
    await write({
      'proc/self/cgroup': '5:cpu:/x\n4:memory:/docker\n',
      [limit]: `${2 * gibibyte}\n`,
      'sys/fs/cgroup/memory/docker/memory.usage_in_bytes': `${gibibyte}\n`,
    });
    assert.equal(readMachineMemory(root, 'linux').availableBytes, gibibyte);
    await write({ [limit]: '9223372036854771712\n' });
    assert.equal(readMachineMemory(root, 'linux').limitedBy, 'machine');
  });

  it('a group path that is not visible in the container falls back to the mount', async () => {
    await write({
      'proc/self/cgroup': '0::/../../host/path\n',
      'sys/fs/cgroup/memory.max': `${gibibyte}\n`,
      'sys/fs/cgroup/memory.current': '0\n',
    });
    assert.equal(readMachineMemory(root, 'linux').availableBytes, gibibyte);
  });

  it('this machine has memory', () => {
    const { totalBytes, availableBytes } = readMachineMemory('/', process.platform);
    assert.ok(totalBytes > 0 && availableBytes > 0 && availableBytes <= totalBytes);
  });
});

describe('checkMemory', () => {
  const machine = { totalBytes: 8e9, availableBytes: 2e9, limitedBy: 'machine' } as const;

  it('what the engine holds already is not needed again', () => {
    assert.throws(() => checkMemory({ bytes: 2e9, alternatives: [] }, 0, machine), /memory/);
    assert.equal(checkMemory({ bytes: 2e9, alternatives: [] }, 1e9, machine), 2e9 + engineBaselineBytes);
  });

  it('names the first setting that fits', () => {
    const alternatives = [
      { setting: '--batch-size 4', bytes: 3e9 },
      { setting: '--batch-size 2', bytes: 1.5e9 },
      { setting: '--batch-size 1', bytes: 0.8e9 },
    ];
    assert.throws(
      () => checkMemory({ bytes: 6e9, alternatives }, 0, machine),
      (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.message, 'The job needs 6.1 GB of memory; this machine has 2.0 GB left of 8.0 GB.');
        assert.equal(error.next, 'Use --batch-size 2: that needs 1.6 GB.');
        return true;
      },
    );
  });

  it('sizes read as people write them', () => {
    assert.deepEqual([0, 1, 310e6, 1.44e9, 1.5e11].map(formatBytes), ['0 MB', '1 MB', '310 MB', '1.4 GB', '150 GB']);
  });
});
