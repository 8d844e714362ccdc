/** One stage in a process of its own, driven line by line, with its memory watched from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { engineEnvironment } from '../src/jobs/engineEnvironment';
import type { ReadyMessage, RepeatMessage, StageMessage } from './protocol';

/** MiB; undefined where the system does not tell (anything but Linux). */
export interface PeakMemory {
  /** Highest resident set of the whole process, mapped files included. */
  readonly resident: number | undefined;
  /** Highest anonymous memory, sampled. */
  readonly anonymous: number | undefined;
}

const samplePeriod = 20;

export class StageProcess {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly sampler: NodeJS.Timeout;
  private anonymous: number | undefined;
  private resident: number | undefined;

  /** @param command program and arguments */
  constructor(command: readonly [string, ...string[]]) {
    const [program, ...args] = command;
    // Whence's stages get what its engines get; a peer runs as its users run it.
    const own = program === process.execPath;
    const env = own ? engineEnvironment(process.env, process.versions) : process.env;
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.sampler = setInterval(() => this.sample(), samplePeriod);
  }

  /** Hands over the task and waits until the model is loaded and compiled. */
  async start(task: object): Promise<ReadyMessage> {
    this.write(JSON.stringify(task));
    return this.next('ready');
  }

  async repeat(): Promise<RepeatMessage> {
    this.write('go');
    return this.next('repeat');
  }

  /** Ends the process and says how much memory it took. */
  async end(): Promise<PeakMemory> {
    this.sample();
    clearInterval(this.sampler);
    if (this.child.exitCode === null) {
      const exit = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.stdin!.end();
      await exit;
    }
    return { resident: this.resident, anonymous: this.anonymous };
  }

  private write(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  private async next<Event extends StageMessage['event']>(event: Event): Promise<StageMessage & { event: Event }> {
    const { value, done } = await this.lines.next();
    if (done === true) {
      clearInterval(this.sampler);
      throw new Error(`${this.child.spawnargs.join(' ')} ended early; its messages are above`);
    }
    const message = JSON.parse(value) as StageMessage;
    if (message.event !== event) throw new Error(`expected ${event}, got ${value}`);
    return message as StageMessage & { event: Event };
  }

  private sample(): void {
    if (process.platform !== 'linux' || this.child.exitCode !== null || this.child.pid === undefined) return;
    const status = readStatus(this.child.pid);
    if (status === undefined) return;
    this.anonymous = Math.max(this.anonymous ?? 0, kibibytes(status, 'RssAnon') / 1024);
    this.resident = kibibytes(status, 'VmHWM') / 1024;
  }
}

function readStatus(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    // The process may end between two samples.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

function kibibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}
