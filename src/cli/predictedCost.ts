import { costText } from '../protocol/display/findingTexts';
import { englishTexts } from '../protocol/display/serverText';
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
  process.stderr.write(`${costText(cost, englishTexts.say)}\n`);
}
