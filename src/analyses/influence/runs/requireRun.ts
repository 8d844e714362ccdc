/**
 * runs/ scores rows by the recorded run behind the model: at its checkpoints, or through all of its steps. What a run is
 * and how it is trained again lies in training/.
 */
import { inputError } from '../../../protocol/errors';
import type { AttributionPlace, RunSource } from '../attribution';

/** The run of a method that cannot do without. @throws UserError `run-needed` */
export function requireRun({ run, model }: Pick<AttributionPlace, 'run' | 'model'>, method: string): RunSource {
  if (run !== undefined) return run;
  throw inputError(
    'run-needed',
    `${method} goes through the recorded training run of ${model.label}, and only its end is known.`,
    'Name the whence-run folder with --run, or `run` of the model in whence.json; or trace with ekfac.',
  );
}
