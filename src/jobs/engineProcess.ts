import { type ChildProcess, fork } from 'node:child_process';
import { checkEngineReply, MessageError } from '../protocol/checkMessage';
import type { EngineCommand, EngineReply } from '../protocol/jobs';
import { engineEnvironment } from './engineEnvironment';

/** How an engine ended. */
export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote: native faults speak only there. */
  readonly lastWords: string;
  /** Set where the engine was ended because it sent something unreadable. */
  readonly badMessage: string | undefined;
}

/** One forked engine. */
export interface EngineProcess {
  readonly pid: number | undefined;
  send(command: EngineCommand): void;
  /** Who hears the replies; one at a time. */
  listen(listener: (reply: EngineReply) => void): void;
  kill(): void;
  /** Settles once, when the process is gone. */
  readonly exit: Promise<EngineExit>;
  /** A process that waits for work must not keep its parent alive. */
  setIdle(): void;
  setBusy(): void;
}

/** Characters of output kept. */
const lastWordsLength = 4000;

/** @param environment variables on top of the parent's */
export function forkEngine(engineModule: string, environment: NodeJS.ProcessEnv): EngineProcess {
  const child = fork(engineModule, [], {
    execArgv: [],
    env: { ...engineEnvironment(process.env, process.versions), ...environment },
    serialization: 'advanced',
    // stdout belongs to whoever started us; native libraries write to both.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let listener: ((reply: EngineReply) => void) | undefined;
  let lastWords = '';
  let badMessage: string | undefined;
  const keep = (text: string): void => {
    lastWords = (lastWords + text).slice(-lastWordsLength);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  child.on('message', (message) => {
    const reply = read(message);
    if (!(reply instanceof MessageError)) listener?.(reply);
    else {
      badMessage = reply.message;
      child.kill('SIGKILL');
    }
  });
  const exit = new Promise<EngineExit>((resolve) => {
    // `close` comes after the last output; `error` alone when the process could not be started.
    child.on('close', (code, signal) => resolve({ code, signal, lastWords: lastWords.trim(), badMessage }));
    child.on('error', (error) => {
      keep(`${error.message}\n`);
      if (child.pid === undefined) resolve({ code: null, signal: null, lastWords: lastWords.trim(), badMessage });
    });
  });
  return {
    pid: child.pid,
    send: (command) => {
      // A process that has just ended is reported by `exit`, the failure to send says nothing more.
      child.send(command, () => undefined);
    },
    listen: (next) => {
      listener = next;
    },
    kill: () => {
      child.kill('SIGKILL');
    },
    exit,
    setIdle: () => holdParent(child, 'unref'),
    setBusy: () => holdParent(child, 'ref'),
  };
}

/** Whether the child, its channel and its pipes keep the parent's event loop alive. */
function holdParent(child: ChildProcess, how: 'ref' | 'unref'): void {
  child[how]();
  child.channel?.[how]();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null && how in stream) (stream as unknown as { ref(): void; unref(): void })[how]();
  }
}

function read(message: unknown): EngineReply | MessageError {
  try {
    return checkEngineReply(message);
  } catch (error) {
    if (error instanceof MessageError) return error;
    throw error;
  }
}
