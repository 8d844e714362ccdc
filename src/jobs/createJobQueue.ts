/** Work that waits for its turn: one after the other, in the order it came. */
export interface JobQueue {
  /**
   * Runs `work` when all before it is over. Aborting the signal while it waits takes it out; `work` is never called then.
   *
   * @throws whatever `work` throws; the signal's reason where it was aborted while waiting
   */
  enqueue<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Waiting and running. */
  readonly length: number;
}

export function createJobQueue(): JobQueue {
  let last: Promise<unknown> = Promise.resolve();
  let length = 0;
  return {
    enqueue: async (signal, work) => {
      const before = last;
      let release: () => void = () => undefined;
      last = new Promise<void>((resolve) => {
        release = resolve;
      });
      length += 1;
      try {
        await beforeOrAborted(before, signal);
        signal.throwIfAborted();
        return await work();
      } finally {
        length -= 1;
        // Whoever is taken out while waiting must not let the next one begin before its turn.
        void before.then(release);
      }
    },
    get length() {
      return length;
    },
  };
}

function beforeOrAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      signal.removeEventListener('abort', go);
      resolve();
    };
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', go);
    void before.then(go);
  });
}
