/** Milliseconds that every wait of a suite gets: three times what a busy machine was seen to need. */
export const defaultTimeout = Number(process.env.WHENCE_E2E_TIMEOUT ?? 120_000);

/** Milliseconds that a whole suite in the host gets: one that traces waits for several jobs. */
export const suiteTimeout = 6 * defaultTimeout;

const interval = 50;

/**
 * Asks again and again until `poll` gives something, and gives that. An exception of `poll` ends the wait at once: a poll
 * that may fail for a while gives `undefined` instead. Computing may be given more time. `what` ends the sentence "waited … ms for".
 */
export async function waitFor<T>(
  what: string,
  poll: () => Promise<T | undefined> | T | undefined,
  milliseconds = defaultTimeout,
): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const value = await poll();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${milliseconds} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
