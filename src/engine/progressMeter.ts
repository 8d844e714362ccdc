import type { Progress } from '../protocol/jobs';

/** What a job reports of itself. */
export interface ProgressStep {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly note?: string;
}

/** Milliseconds between two reports of a stage; its first and last are always sent. */
const interval = 100;
/** Milliseconds that the rate looks back: long enough to be steady, short enough to follow a change. */
const memory = 20_000;

/**
 * Adds rate and time left to a job's steps and thins them out.
 *
 * @param clock milliseconds, never going back
 */
export function createProgressMeter(
  clock: () => number,
  send: (progress: Progress) => void,
): (step: ProgressStep) => void {
  let stage: string | undefined;
  let lastSent = 0;
  let past: { readonly time: number; readonly done: number }[] = [];

  return (step) => {
    const time = clock();
    if (step.stage !== stage) {
      stage = step.stage;
      past = [];
      lastSent = Number.NEGATIVE_INFINITY;
    }
    // What was skipped or restarted is no speed.
    if (past.length > 0 && step.done < past.at(-1)!.done) past = [];
    past.push({ time, done: step.done });
    while (past.length > 2 && time - past[0]!.time > memory) past.shift();
    if (time - lastSent < interval && step.done < step.total) return;
    lastSent = time;
    send({ ...step, ...speed(past, step) });
  };
}

function speed(
  past: readonly { readonly time: number; readonly done: number }[],
  { done, total }: ProgressStep,
): { readonly rate?: number; readonly secondsLeft?: number } {
  const [first, last] = [past[0]!, past.at(-1)!];
  const rate = ((last.done - first.done) / (last.time - first.time)) * 1000;
  if (!Number.isFinite(rate) || rate <= 0) return {};
  return { rate, secondsLeft: Math.max(0, total - done) / rate };
}
