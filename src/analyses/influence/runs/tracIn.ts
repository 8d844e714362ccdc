import { existsSync } from 'node:fs';
import path from 'node:path';
import { planRowPasses } from '../../passes/rowPasses';
import { createOptimizer } from '../../training/optimizer';
import { checkpointsFolderName, readCheckpoint, type StateIdentity } from '../../training/record/checkpoints';
import type { RecordedRun } from '../../training/replayRun';
import { initialState } from '../../training/runSteps';
import type { ParameterValues } from '../../training/trainable';
import type { Attribution, PreparedQueries } from '../attribution';
import type { Estimate } from '../estimators/estimate';
import { computeQueryGradients } from '../gradients/queryGradients';
import { computeRowGradients } from '../gradients/rowGradients';
import { dotAt } from '../gradients/storedGradients';
import { chooseCheckpoints } from './chooseCheckpoints';
import { modelAt } from './modelAt';
import { requireRun } from './requireRun';

/** Checkpoints besides the end of the run; each costs a pass over all rows. */
export const mostCheckpoints = 5;

/**
 * TracIn (Pruthi et al. 2020, arXiv 2002.08484): score = sum_c eta_c g_q(theta_c) . g_k(theta_c) over checkpoints of the
 * run, spread evenly, and its end; eta_c is the sum of the learning rates of the steps nearest to c. Rows' gradients at
 * checkpoints are computed and not kept.
 *
 * @throws UserError `run-needed`, `record-damaged`
 */
export async function tracIn(attribution: Attribution, { queries }: PreparedQueries): Promise<Estimate> {
  const { rows, settings, place, columns } = attribution;
  const { run } = await requireRun(place, 'tracin').open();
  const folder = path.join(run.folder, checkpointsFolderName);
  const saved = run.record.checkpoints.filter(({ file }) => existsSync(path.join(folder, file)));
  const moments = chooseCheckpoints(run.steps, saved, mostCheckpoints);
  const plan = planRowPasses(rows, settings.batchSize, place.model.config);
  const scores = new Float32Array(queries.length * rows.length);
  let done = 0;
  for (const { checkpoint, weight } of moments) {
    const context =
      checkpoint === undefined
        ? place
        : { ...place, model: modelAt(place.model, run.trainable, await valuesAt(run, folder, checkpoint)) };
    const { gradients: asked } = await computeQueryGradients(queries, settings.batchSize, columns, context);
    await computeRowGradients(rows, plan, columns, context, ({ rows: pass, gradients }) => {
      for (const [i, row] of pass.entries())
        for (const q of queries.keys())
          scores[q * rows.length + row]! +=
            weight * dotAt(asked, q * columns.width, gradients, i * columns.width, columns.width);
      done += pass.length;
      place.onProgress('gradients at checkpoints', done, rows.length * moments.length, 'rows');
    });
  }
  return { scores, directions: undefined, warnings: moments.length > 1 ? [] : [onlyTheEnd] };
}

const onlyTheEnd = {
  code: 'no-checkpoints',
  message: 'The run has no checkpoints before its end: these are the gradient dot products of graddot.',
};

async function valuesAt(run: RecordedRun, folder: string, checkpoint: StateIdentity): Promise<ParameterValues> {
  const { optimizer } = run.record.recipe;
  const copies = new Map([...run.values].map(([name, data]) => [name, data.slice()]));
  const state = initialState(copies, optimizer);
  await readCheckpoint(folder, checkpoint, state, createOptimizer(optimizer).stateNames);
  return state.values;
}
