/**
 * Runs many commands of the command line that ships in one process, one after the other, with one engine: what a command
 * does is the same as in a process of its own, without the second that starting two processes takes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface DriverOrder {
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface DriverAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Most memory that this process and its engine have held resident so far; 0 where the system does not tell. */
  readonly peakBytes: number;
}

const cli = pathToFileURL(path.resolve('dist/cli.mjs')).href;
let count = 0;

async function run({ args, cwd }: DriverOrder): Promise<DriverAnswer> {
  let stdout = '';
  let stderr = '';
  const [toStdout, toStderr] = [process.stdout.write, process.stderr.write];
  process.stdout.write = ((text: string) => {
    stdout += text;
    return true;
  }) as typeof process.stdout.write;
  process.stderr.write = ((text: string) => {
    stderr += text;
    return true;
  }) as typeof process.stderr.write;
  process.argv = [process.execPath, 'whence', ...args];
  process.exitCode = undefined;
  process.chdir(cwd);
  count += 1;
  try {
    // Another address each time, so that the entry runs anew.
    await import(`${cli}?${count}`);
    return { code: Number(process.exitCode), stdout, stderr, peakBytes: peakBytes() };
  } finally {
    process.stdout.write = toStdout;
    process.stderr.write = toStderr;
    process.exitCode = 0;
    // Every run of the entry listens for a closed output anew.
    process.stdout.removeAllListeners('error');
    process.stderr.removeAllListeners('error');
  }
}

function peakBytes(): number {
  const threads = '/proc/self/task';
  if (!existsSync(threads)) return 0;
  const children = readdirSync(threads).flatMap((thread) =>
    (readIfThere(`${threads}/${thread}/children`) ?? '').split(' ').filter((pid) => pid !== ''),
  );
  return ['self', ...children].reduce((sum, pid) => {
    const peak = /VmHWM:\s*(\d+) kB/.exec(readIfThere(`/proc/${pid}/status`) ?? '');
    return sum + 1024 * Number(peak?.[1] ?? 0);
  }, 0);
}

/** A process may end while it is looked at. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

process.on('message', (order: DriverOrder) => {
  void run(order).then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit());
