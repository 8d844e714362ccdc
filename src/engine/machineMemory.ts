import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { MemoryReport } from '../protocol/doctor';

/**
 * Memory of the machine and what a process may take of it: the least of what is available and of what each enclosing
 * control group (versions 1 and 2) leaves. Page cache counts as available, it is given up on demand.
 *
 * @param root folder that holds `proc` and `sys`; `/` but in tests
 */
export function readMachineMemory(root: string, platform: NodeJS.Platform): MemoryReport {
  const machine = platform === 'linux' ? readMeminfo(root) : elsewhere(platform);
  const groups = platform === 'linux' ? controlGroups(root) : [];
  return groups.reduce<MemoryReport>((least, group) => {
    const availableBytes = Math.min(least.availableBytes, group.availableBytes);
    return {
      totalBytes: Math.min(least.totalBytes, group.limitBytes),
      availableBytes,
      limitedBy: availableBytes < least.availableBytes ? 'control group' : least.limitedBy,
    };
  }, machine);
}

function readMeminfo(root: string): MemoryReport {
  const text = readFileSync(path.join(root, 'proc/meminfo'), 'latin1');
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  const [totalBytes, available] = [bytes('MemTotal'), bytes('MemAvailable')];
  // Kernels before 3.14 have no MemAvailable.
  const availableBytes = available > 0 ? available : bytes('MemFree') + bytes('Cached');
  return { totalBytes, availableBytes, limitedBy: 'machine' };
}

function elsewhere(platform: NodeJS.Platform): MemoryReport {
  const totalBytes = os.totalmem();
  // macOS counts inactive and compressible memory as used: what is free says nothing of what can be had.
  const availableBytes = platform === 'darwin' ? 0.75 * totalBytes : os.freemem();
  return { totalBytes, availableBytes, limitedBy: 'machine' };
}

interface GroupMemory {
  readonly limitBytes: number;
  readonly availableBytes: number;
}

/** Names of one version's files. */
interface GroupFiles {
  readonly mount: string;
  readonly limit: string;
  readonly usage: string;
  /** Fields of memory.stat that hold page cache. */
  readonly cache: readonly string[];
}

const version2: GroupFiles = {
  mount: 'sys/fs/cgroup',
  limit: 'memory.max',
  usage: 'memory.current',
  cache: ['inactive_file', 'active_file'],
};
const version1: GroupFiles = {
  mount: 'sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  cache: ['total_inactive_file', 'total_active_file'],
};

/** Groups of this process that limit memory, from its own up to the root. */
function controlGroups(root: string): readonly GroupMemory[] {
  const file = path.join(root, 'proc/self/cgroup');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, controllers, name] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers === undefined || name === undefined) return [];
      if (controllers === '') return ancestors(root, version2, name);
      return controllers.split(',').includes('memory') ? ancestors(root, version1, name) : [];
    });
}

function ancestors(root: string, files: GroupFiles, name: string): readonly GroupMemory[] {
  const parts = path.posix.normalize(`/${name}`).split('/').filter(Boolean);
  // Inside a container the path may name a group of the host; the group that is visible is then the mount itself.
  return Array.from({ length: parts.length + 1 }, (_, dropped) =>
    groupMemory(path.join(root, files.mount, ...parts.slice(0, parts.length - dropped)), files),
  ).filter((group) => group !== undefined);
}

function groupMemory(folder: string, files: GroupFiles): GroupMemory | undefined {
  const [limitFile, usageFile] = [path.join(folder, files.limit), path.join(folder, files.usage)];
  if (!existsSync(limitFile) || !existsSync(usageFile)) return undefined;
  const limitBytes = Number(readFileSync(limitFile, 'latin1').trim());
  // `max` in version 2, a number beyond any memory in version 1: no limit.
  if (!Number.isFinite(limitBytes) || limitBytes > 2 ** 60) return undefined;
  const used = Number(readFileSync(usageFile, 'latin1').trim());
  return { limitBytes, availableBytes: Math.max(0, limitBytes - Math.max(0, used - cached(folder, files))) };
}

function cached(folder: string, files: GroupFiles): number {
  const file = path.join(folder, 'memory.stat');
  if (!existsSync(file)) return 0;
  const text = readFileSync(file, 'latin1');
  return files.cache.reduce((sum, field) => sum + Number(new RegExp(`^${field} (\\d+)$`, 'm').exec(text)?.[1] ?? 0), 0);
}
