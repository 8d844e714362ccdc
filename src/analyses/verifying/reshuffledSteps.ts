import { inputError } from '../../protocol/errors';
import { type PlannedStep, planSteps } from '../training/planSteps';
import type { RecordedRun } from '../training/replayRun';

/**
 * The steps of a user's own retraining: the recipe as it was, without the rows, in an order drawn from another seed.
 *
 * @param removed row numbers
 * @throws UserError `reshuffle-explicit` where the run's batches were given one by one; those of `planSteps`
 */
export function reshuffledSteps(
  { record, rows }: Pick<RecordedRun, 'record' | 'rows'>,
  removed: readonly number[],
  seed: number,
): PlannedStep[] {
  const { recipe, steps } = record;
  if (recipe.batches !== null || recipe.learningRates !== null)
    throw inputError(
      'reshuffle-explicit',
      'The recorded run was given its batches or learning rates one by one; there is no order to draw anew.',
      'Leave out --reshuffle: rows are then removed in place.',
    );
  const gone = new Set(removed);
  const trained = new Set(steps.flatMap((step) => step.rows));
  const kept = [...rows.keys()].filter((row) => trained.has(row) && !gone.has(row)).sort((a, b) => a - b);
  return planSteps(kept, { ...recipe, order: 'shuffle', seed });
}
