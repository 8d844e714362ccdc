import type { PredictedCost } from '../protocol/influence';
import type { GlobalFlags } from './globalFlags';
import type { ProgressDisplay } from './progress';

/** Seconds below which nothing is said of what is ahead. */
const worthSaying = 2;

/** Prints what a job will cost when its engine says so. */
export function showCost(event: unknown, flags: GlobalFlags, display: ProgressDisplay): void {
  const cost = event as PredictedCost;
  if (cost.kind !== 'predictedCost' || flags.quiet || flags.json || cost.seconds < worthSaying) return;
  display.stop();
  process.stderr.write(`${describeCost(cost)}\n`);
}

function describeCost({ rows, seconds, diskBytes, memoryBytes, fit }: PredictedCost): string {
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
  const fitted = fit === 'needed' ? ', curvature to fit' : '';
  return `${rows} rows to compute${fitted}: about ${time}, ${(diskBytes / 1e6).toFixed(0)} MB on disk, ${(memoryBytes / 1e6).toFixed(0)} MB of memory.`;
}
