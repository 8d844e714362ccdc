/**
 * jobs/ runs jobs in engine processes: forks them, relays progress, cancels by kill, turns a crash into an error that
 * says what to do, restarts what can be resumed. It never loads the tensor library and knows nothing of what a job does.
 */
import { UserError } from '../protocol/errors';
import type { EngineReply, JobKind, JobOutcome, JobRequest, Jobs, LogLevel, Progress } from '../protocol/jobs';
import { crashError } from './crashError';
import { type EngineExit, type EngineProcess, forkEngine } from './engineProcess';

export interface JobRunnerSettings {
  /** Path of the engine's bundle. */
  readonly engineModule: string;
  /** Variables for the engine on top of the parent's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Seconds that an engine waits with its model for the next job; 0: it ends with the job. */
  readonly idleSeconds: number;
}

/** What to do when the engine dies under a job. */
export type CrashPolicy<Request> =
  | { readonly kind: 'fail' }
  /** Start again with the request that `resume` gives, at most `restarts` times. */
  | { readonly kind: 'restart'; readonly restarts: number; resume(request: Request, exit: EngineExit): Request };

export interface JobOptions<Request> {
  /** Jobs of equal keys may share an engine, one after the other: name models, device and threads in it. */
  readonly engineKey: string;
  /** Aborting kills the engine; the job ends with a UserError of kind `cancelled`. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Streamed parts of the result. */
  readonly onEvent: (event: unknown) => void;
  readonly onLog: (level: LogLevel, text: string) => void;
  readonly onCrash: CrashPolicy<Request>;
}

export interface JobRunner {
  /**
   * Runs one job in one engine.
   *
   * @throws UserError as the engine gave it; of kind `cancelled`; of kind `engineFailed` when the engine died
   */
  run<K extends JobKind>(
    request: Jobs[K]['request'] & { readonly kind: K },
    options: JobOptions<Jobs[K]['request']>,
  ): Promise<JobOutcome<Jobs[K]['result']>>;
  /** Process ids of the engines alive, idle ones included. */
  enginePids(): readonly number[];
  /** Kills every engine; jobs in progress end as cancelled. */
  close(): Promise<void>;
}

interface Engine {
  readonly process: EngineProcess;
  readonly key: string;
  state: 'busy' | 'idle';
}

export function createJobRunner(settings: JobRunnerSettings): JobRunner {
  const engines = new Set<Engine>();
  let nextId = 0;
  const closing = new AbortController();

  const start = (key: string): Engine => {
    const engine: Engine = { process: forkEngine(settings.engineModule, settings.environment), key, state: 'busy' };
    engines.add(engine);
    void engine.process.exit.then(() => engines.delete(engine));
    return engine;
  };

  /** An idle engine of the same key; others make room, for their models hold memory. */
  const takeIdle = (key: string): Engine | undefined => {
    let found: Engine | undefined;
    for (const engine of engines) {
      if (engine.state === 'busy') continue;
      if (found === undefined && engine.key === key) found = engine;
      else engine.process.kill();
    }
    if (found !== undefined) {
      found.state = 'busy';
      found.process.setBusy();
    }
    return found;
  };

  const runOn = async (engine: Engine, request: JobRequest, options: JobOptions<never>): Promise<Ended> => {
    const id = nextId;
    nextId += 1;
    const ended = await converse(engine.process, id, request, settings.idleSeconds, options);
    if (ended.kind === 'exited') return ended;
    // After a fault of its own an engine is not trusted with another job.
    if (settings.idleSeconds === 0 || closing.signal.aborted || ended.kind === 'faulted') engine.process.kill();
    else {
      engine.state = 'idle';
      engine.process.setIdle();
    }
    return ended;
  };

  const run = async (first: JobRequest, options: JobOptions<never>): Promise<JobOutcome<unknown>> => {
    let request = first;
    let crashes = 0;
    for (;;) {
      if (options.signal.aborted || closing.signal.aborted) throw cancelled();
      const waiting = takeIdle(options.engineKey);
      let ended = await runOn(waiting ?? start(options.engineKey), request, options);
      // An idle engine may end by itself just as it is asked; nothing has been done then.
      if (waiting !== undefined && ended.kind === 'exited' && ended.accepted === 'no') {
        if (options.signal.aborted) throw cancelled();
        ended = await runOn(start(options.engineKey), request, options);
      }
      if (ended.kind === 'done') return ended.outcome;
      if (ended.kind !== 'exited') throw ended.error;
      if (options.signal.aborted || closing.signal.aborted) throw cancelled();
      crashes += 1;
      if (options.onCrash.kind === 'fail' || crashes > options.onCrash.restarts) {
        throw crashError(request, ended.exit);
      }
      options.onLog('warning', `The engine ended (${describeExit(ended.exit)}); starting it again.`);
      request = options.onCrash.resume(request as never, ended.exit);
    }
  };

  return {
    // `Jobs` ties request and result of a kind together; the engine's table holds the same tie.
    run: run as JobRunner['run'],
    enginePids: () => [...engines].flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid])),
    close: async () => {
      closing.abort();
      const exits = [...engines].map((engine) => {
        engine.process.setBusy();
        engine.process.kill();
        return engine.process.exit;
      });
      await Promise.all(exits);
    },
  };
}

/** How one attempt ended. */
type Ended =
  | { readonly kind: 'done'; readonly outcome: JobOutcome<unknown> }
  | { readonly kind: 'failed'; readonly error: UserError }
  | { readonly kind: 'faulted'; readonly error: Error }
  | { readonly kind: 'exited'; readonly exit: EngineExit; readonly accepted: 'no' | 'yes' };

async function converse(
  engine: EngineProcess,
  id: number,
  request: JobRequest,
  idleSeconds: number,
  { signal, onProgress, onEvent, onLog }: JobOptions<never>,
): Promise<Ended> {
  let accepted: 'no' | 'yes' = 'no';
  let settle: (ended: Ended) => void = () => undefined;
  const answer = new Promise<Ended>((resolve) => {
    settle = resolve;
  });
  const stop = (): void => engine.kill();
  engine.listen((reply: EngineReply) => {
    // Nothing of a cancelled job is shown, and nothing of an earlier one.
    if (reply.type === 'ready' || reply.id !== id || signal.aborted) return;
    if (reply.type === 'accepted') accepted = 'yes';
    else if (reply.type === 'progress') onProgress(reply.progress);
    else if (reply.type === 'event') onEvent(reply.event);
    else if (reply.type === 'log') onLog(reply.level, reply.text);
    else if (reply.type === 'result') settle({ kind: 'done', outcome: reply.outcome });
    else if (reply.type === 'error') settle({ kind: 'failed', error: new UserError(reply.error) });
    else settle({ kind: 'faulted', error: engineFault(reply.stack) });
  });
  signal.addEventListener('abort', stop, { once: true });
  void engine.exit.then((exit) => settle({ kind: 'exited', exit, accepted }));
  engine.send({ type: 'run', id, request, idleSeconds });
  try {
    return await answer;
  } finally {
    signal.removeEventListener('abort', stop);
    engine.listen(() => undefined);
  }
}

/** A fault of ours in the engine: its stack is what a report needs. */
function engineFault(stack: string): Error {
  const error = new Error(stack.split('\n')[0]!);
  error.stack = stack;
  return error;
}

function cancelled(): UserError {
  return new UserError({
    kind: 'cancelled',
    code: 'cancelled',
    message: 'The job was cancelled.',
    next: 'Run the same command again; a job that can be resumed goes on where it was.',
  });
}

function describeExit({ signal, code }: EngineExit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
