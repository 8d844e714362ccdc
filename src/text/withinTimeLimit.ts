import { createContext, Script } from 'node:vm';
import type { UserError } from '../protocol/errors';

/**
 * The context is there only because what runs in it can be interrupted, even within a single call of a library or a
 * regular expression; all it knows is the task at hand. One serves all, because making one takes longer than most tasks.
 */
const script = new Script('task()');
let sharedContext: { task: () => void } | undefined;
let insideLimit = false;

/**
 * Runs `work` and gives its result; work inside it shares the limit. Watching the time costs more than most tasks do, so
 * several small ones are better done in one.
 *
 * @param exceeded the error to throw when the time is up
 */
export function withinTimeLimit<T>(
  milliseconds: number,
  work: () => T,
  exceeded: (cause: ErrorOptions) => UserError,
): T {
  if (insideLimit) return work();
  let result: { readonly value: T } | undefined;
  sharedContext ??= createContext({ task: () => undefined }) as { task: () => void };
  sharedContext.task = () => {
    result = { value: work() };
  };
  insideLimit = true;
  try {
    script.runInContext(sharedContext, { timeout: milliseconds });
  } catch (error) {
    throw isTimeout(error) ? exceeded({ cause: error }) : error;
  } finally {
    insideLimit = false;
  }
  return result!.value;
}

/** Made in the context, so it is no instance of our `Error`. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
