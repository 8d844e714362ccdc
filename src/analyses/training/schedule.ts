import type { Recipe } from '../../data/recipe';
import { internalError } from '../../protocol/errors';

export type ScheduleSettings = Recipe['schedule'];

/** Factor on the rate after the warm-up, by the share of the remaining steps that is done. */
const decayFactors: { readonly [N in ScheduleSettings['name']]: (progress: number) => number } = {
  constant: () => 1,
  linear: (progress) => Math.max(0, 1 - progress),
  cosine: (progress) => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress))),
};

/**
 * The factor on the learning rate of one step, as transformers' get_{constant,linear,cosine}_schedule_with_warmup
 * evaluate it before the step: step 0 of a warm-up has rate 0.
 *
 * @param step 0-based
 * @param totalSteps optimiser steps of the whole run
 */
export function scheduleFactor({ name, warmupSteps }: ScheduleSettings, step: number, totalSteps: number): number {
  if (step < 0 || step >= totalSteps) throw internalError(`step ${step} of ${totalSteps}`);
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  return decayFactors[name]((step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
}
