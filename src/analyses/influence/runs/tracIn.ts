import { planRowPasses } from '../../passes/rowPasses';
import type { Attribution, PreparedQueries } from '../attribution';
import type { Estimate } from '../estimators/estimate';
import { computeQueryGradients } from '../gradients/queryGradients';
import { computeRowGradients } from '../gradients/rowGradients';
import { dotAt } from '../gradients/storedGradients';
import { chooseCheckpoints } from './chooseCheckpoints';
import { modelAt } from './modelAt';
import { requireRun } from './requireRun';
import { savedStates, stateAt } from './savedStates';

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
  const moments = chooseCheckpoints(run.steps, savedStates(run), mostCheckpoints);
  const plan = planRowPasses(rows, settings.batchSize, place.model.config);
  const scores = new Float32Array(queries.length * rows.length);
  let done = 0;
  for (const { checkpoint, weight } of moments) {
    const context =
      checkpoint === undefined
        ? place
        : { ...place, model: modelAt(place.model, run.trainable, (await stateAt(run, checkpoint)).values) };
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
