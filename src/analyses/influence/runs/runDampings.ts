import type { OptimizerSettings } from '../../../data/recipe';
import { clipFactor } from '../../training/clipGradients';
import { stepDenominator } from '../../training/computeStep';
import type { StateIdentity } from '../../training/record/checkpoints';
import type { RecordedRun } from '../../training/replayRun';
import type { TrainingState } from '../../training/runSteps';
import type { Columns } from '../gradients/columns';
import { chooseCheckpoints, type WeightedMoment } from './chooseCheckpoints';
import { savedStates, stateAt } from './savedStates';

/** Saved states that the optimiser's scaling is read from. */
const mostStates = 5;

/**
 * [modules]: the damping that the end of a run stands for. On a quadratic, descent with rates eta_t and scaling P_t answers
 * a small change g of the loss by
 *
 *   (I - exp(-K H)) H^-1 g,   K = sum_t eta_t P_t   (Bae et al. 2024, arXiv 2405.12186, one segment)
 *
 * and (H + 1 / K)^-1 g is that where K H is small and where it is large: a run that ended early has a large damping.
 * P is 1 / (sqrt(v) + eps) of AdamW, 1 / (1 - momentum) of SGD, times the clipping, as a mean over each module; weight
 * decay is a damping of its own. Nothing is chosen: all of it is in the record.
 *
 * @returns in the units of G = E_row[J_k^T H_k J_k] of rows' summed losses; undefined where the record holds no state of
 *   an optimiser that scales by one
 */
export async function runDampings(run: RecordedRun, columns: Columns): Promise<readonly number[] | undefined> {
  const { record, steps, rows } = run;
  const { optimizer, gradClip, lossReduction } = record.recipe;
  const clipped = steps.map((step, i) => ({
    ...step,
    learningRate: step.learningRate * clipFactor(record.steps[i]!.gradNorm, gradClip),
  }));
  const reach = await reachOf(run, chooseCheckpoints(clipped, savedStates(run), mostStates));
  if (reach === undefined) return undefined;
  const rates = clipped.reduce((sum, { learningRate }) => sum + learningRate, 0);
  // A step's loss is the sum over its rows divided by this, on average.
  const trained = steps.flatMap((step) => step.rows.map((row) => rows.get(row)!));
  const perRow = stepDenominator(trained, lossReduction) / trained.length;
  const whole = mean(reach.values());
  return columns.list.map(({ name }) => {
    // What the run did not train is given what it did on the whole.
    const own = reach.get(`${name}.weight`) ?? whole;
    const decay = optimizer.name === 'adamw' ? (optimizer.weightDecay * rates) / own : optimizer.weightDecay;
    return perRow * (1 / own + decay);
  });
}

/** By trained tensor: K, as a mean over its values. */
async function reachOf(run: RecordedRun, moments: readonly Moment[]): Promise<ReadonlyMap<string, number> | undefined> {
  const { optimizer } = run.record.recipe;
  const names = [...run.trainable.shapes.keys()];
  if (optimizer.name === 'sgd') {
    const rates = moments.reduce((sum, { weight }) => sum + weight, 0);
    return new Map(names.map((name) => [name, rates / (1 - optimizer.momentum)]));
  }
  const last = moments.findLast(({ checkpoint }) => checkpoint !== undefined)?.checkpoint;
  if (last === undefined) return undefined;
  const reach = new Map(names.map((name) => [name, 0]));
  for (const { checkpoint, weight } of moments) {
    // The end keeps no state of the optimiser: it is taken to scale as it did shortly before.
    const state = await stateAt(run, checkpoint ?? last);
    for (const name of names) reach.set(name, reach.get(name)! + weight * adamScaling(state, name, optimizer));
  }
  return reach;
}

type Moment = WeightedMoment<StateIdentity>;

/** Mean over a tensor's values of 1 / (sqrt(v / (1 - b2^t) + epsRoot) + eps). */
function adamScaling({ moments, step }: TrainingState, name: string, optimizer: OptimizerSettings): number {
  const { betas, eps, epsRoot } = optimizer;
  const second = moments.get(name)![1]!;
  const correction = 1 - betas[1] ** step;
  let sum = 0;
  for (const value of second) sum += 1 / (Math.sqrt(value / correction + epsRoot) + eps);
  return sum / second.length;
}

function mean(values: Iterable<number>): number {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}
