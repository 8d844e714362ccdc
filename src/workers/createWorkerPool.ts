import { Worker } from 'node:worker_threads';
import { internalError, UserError } from '../protocol/errors';
import type { TaskInput, TaskName, TaskOutput, TaskReply } from './tasks';
import { workerModule } from './workerModule';

/** Threads that wait for tasks. */
export interface WorkerPool {
  readonly threads: number;
  /**
   * Runs a task on the next free thread; tasks begin in the order in which they were given.
   *
   * @param transfer buffers of the input that are handed over instead of copied
   * @throws what the task throws; internal error where its thread died or the pool was released
   */
  run<Name extends TaskName>(
    task: Name,
    input: TaskInput<Name>,
    transfer: readonly ArrayBuffer[],
  ): Promise<TaskOutput<Name>>;
  /** Ends the threads; what is still running fails. */
  release(): Promise<void>;
}

/** Most threads that may be asked for. */
export const mostThreads = 256;

interface Waiting {
  readonly task: TaskName;
  readonly input: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a pool. A thread that waits does not keep the process alive. */
export function createWorkerPool(threads: number): WorkerPool {
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) throw internalError(`${threads} threads`);
  const module = workerModule();
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();
  const workers = new Set<Worker>();
  let ended: Error | undefined;

  const startNext = (): void => {
    while (idle.length > 0 && queue.length > 0) {
      const worker = idle.shift()!;
      const waiting = queue.shift()!;
      busy.set(worker, waiting);
      worker.ref();
      try {
        worker.postMessage({ task: waiting.task, input: waiting.input }, [...waiting.transfer]);
      } catch (error) {
        settle(worker)?.reject(error as Error);
      }
    }
  };
  const settle = (worker: Worker): Waiting | undefined => {
    const waiting = busy.get(worker);
    busy.delete(worker);
    worker.unref();
    idle.push(worker);
    return waiting;
  };
  /** A thread that dies takes the pool with it: what it was doing would only kill the next. */
  const end = (error: Error): void => {
    ended ??= error;
    for (const waiting of [...busy.values(), ...queue]) waiting.reject(ended);
    busy.clear();
    queue.length = 0;
  };
  const take = (worker: Worker, reply: TaskReply): void => {
    const waiting = settle(worker);
    if (reply.kind === 'done') waiting?.resolve(reply.output);
    else waiting?.reject(reply.kind === 'refused' ? new UserError(reply.error) : internalError(reply.message));
    startNext();
  };
  for (let i = 0; i < threads; i++) {
    const worker = new Worker(module, { execArgv: [] });
    worker.on('message', (reply: TaskReply) => take(worker, reply));
    worker.on('error', (error) => end(internalError(`a worker thread died: ${error.message}`)));
    worker.on('exit', () => end(internalError('a worker thread ended')));
    worker.unref();
    workers.add(worker);
    idle.push(worker);
  }
  return {
    threads,
    run: <Name extends TaskName>(task: Name, input: TaskInput<Name>, transfer: readonly ArrayBuffer[]) =>
      new Promise<TaskOutput<Name>>((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        queue.push({ task, input, transfer, resolve: (output) => resolve(output as TaskOutput<Name>), reject });
        startNext();
      }),
    release: async () => {
      end(internalError('the worker pool was released'));
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
}
