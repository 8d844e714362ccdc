import { spawn } from 'node:child_process';
import path from 'node:path';

/** The command line as it ships. */
export const cliFile = path.resolve('dist/cli.mjs');

export interface CliResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliPlace {
  readonly cwd: string;
  /** The user-level cache: WHENCE_CACHE. */
  readonly cache: string;
}

/** Longest that one command of a test may take, milliseconds: only a hang comes near it. */
const watchdog = 300_000;

/** The environment of a command: that of the tests, with a cache of its own and no way to the user's model cache. */
export function cliEnvironment(cache: string): NodeJS.ProcessEnv {
  return { ...process.env, WHENCE_CACHE: cache, HF_HOME: path.join(cache, 'no-hub'), NO_COLOR: '1' };
}

/** Runs one command in a process of its own, to its end. */
export function runCli(args: readonly string[], { cwd, cache }: CliPlace): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cliFile, ...args], {
      cwd,
      env: cliEnvironment(cache),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: watchdog,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Runs tasks in order of their index, `width` at a time. */
export async function inParallel<T>(count: number, width: number, task: (index: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await task(index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
