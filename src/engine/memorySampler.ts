import { readFileSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** The peak of the process's anonymous memory, seen even while a computation blocks the main thread. */
export interface MemorySampler {
  /** Forgets the peak so far. */
  restart(): void;
  /** Since the last restart, bytes. */
  peak(): { readonly anonymousBytes: number; readonly residentBytes: number };
}

/** `anonymous` on Linux; elsewhere anonymous and mapped memory cannot be told apart. */
export const measuredAs = process.platform === 'linux' ? 'anonymous' : 'resident';

/** Bytes of anonymous memory that this process holds now (resident memory outside Linux). */
export function anonymousBytes(): number {
  return measuredAs === 'anonymous' ? statusBytes('RssAnon') : process.memoryUsage.rss();
}

function statusBytes(field: 'RssAnon' | 'VmHWM'): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'latin1'));
  if (found === null) throw new Error(`internal: /proc/self/status has no ${field}`);
  return Number(found[1]) * 1024;
}

/**
 * The thread that samples. It is text so that the engine stays one file. It also watches the parent process: the main
 * thread cannot while it computes. KiB in 32 bits reach 2 TiB.
 */
const samplerSource = `
const { openSync, readSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const { peak, interval, parent, measuredAs } = workerData;
const buffer = Buffer.alloc(4096);
const status = measuredAs === 'anonymous' ? openSync('/proc/self/status', 'r') : -1;
function kibibytes() {
  if (status < 0) return Math.round(process.memoryUsage.rss() / 1024);
  const text = buffer.latin1Slice(0, readSync(status, buffer, 0, buffer.length, 0));
  return parseInt(text.slice(text.indexOf('RssAnon:') + 8), 10);
}
setInterval(() => {
  const now = kibibytes();
  let seen = Atomics.load(peak, 0);
  while (now > seen) seen = Atomics.compareExchange(peak, 0, seen, now) === seen ? now : Atomics.load(peak, 0);
  if (process.platform !== 'win32' && process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, interval);
`;

/** Milliseconds between samples: a few hundredths of a percent of one core. */
const interval = 20;

/** Starts sampling; the thread does not keep the process alive. */
export function startMemorySampler(): MemorySampler {
  const peak = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(samplerSource, {
    eval: true,
    name: 'memory sampler',
    workerData: { peak, interval, parent: process.ppid, measuredAs },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
    stdout: true,
    execArgv: [],
  });
  worker.unref();
  const take = (): void => {
    Atomics.store(peak, 0, Math.max(Atomics.load(peak, 0), Math.round(anonymousBytes() / 1024)));
  };
  return {
    restart: () => {
      if (measuredAs === 'anonymous') resetResidentPeak();
      Atomics.store(peak, 0, 0);
      take();
    },
    peak: () => {
      take();
      const residentBytes = measuredAs === 'anonymous' ? statusBytes('VmHWM') : process.resourceUsage().maxRSS * 1024;
      return { anonymousBytes: Atomics.load(peak, 0) * 1024, residentBytes };
    },
  };
}

function resetResidentPeak(): void {
  try {
    // proc(5): 5 resets VmHWM to what is resident now.
    writeFileSync('/proc/self/clear_refs', '5');
  } catch (error) {
    // A container may forbid it; the peak then covers the engine's earlier jobs too.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
