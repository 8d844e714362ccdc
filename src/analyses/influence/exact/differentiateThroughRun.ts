/**
 * exact/ differentiates measurements through a recorded training run: every optimiser step walked backwards, with
 * Hessian-vector products. It trains nothing new but for the smoothness figure, ranks nothing, and knows no query: a
 * measurement comes in as its gradient at the end of the run.
 */
import { internalError } from '../../../protocol/errors';
import type { Activations } from '../../training/buildTrainingStep';
import { createStepComputer, type StepContext } from '../../training/computeStep';
import { createOptimizer } from '../../training/optimizer';
import type { RecordedRun } from '../../training/replayRun';
import type { ParameterValues } from '../../training/trainable';
import type { TrainingModel } from '../../training/trainingModel';
import { clipAdjoint } from './clipAdjoint';
import { createAdjointStepComputer, type Float64Values } from './computeAdjointStep';
import { createOptimizerAdjoint } from './optimizerAdjoint';
import { type KeptStep, type WalkSessions, walkTrajectory } from './walkTrajectory';

export interface ExactOptions {
  /** `recomputed` takes less memory and more time. */
  readonly activations: Activations;
  /** What the steps of the replayed trajectory may take while they are walked. */
  readonly memoryBudgetBytes: number;
  /** Called after each step that was walked for one measurement; `total` is steps times measurements. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface ExactNotes {
  /** `different`: the replay on this machine is not the recorded run to the bit; the derivative is that of the replay. */
  readonly replay: 'same' | 'different';
  /** Steps computed forwards to recover the trajectory. */
  readonly replayedSteps: number;
  /** Steps in which clipping was active: its own derivative is part of the result. */
  readonly clippedSteps: number;
  /**
   * Elements, summed over steps, whose second moment was 0 with epsRoot 0: Adam's root has no derivative there and the
   * rule "v = 0 gives derivative 0" was used. A fresh LoRA starts so: B is 0, therefore A's first gradients are.
   */
  readonly guardedElements: number;
}

export interface ExactDerivatives {
  /** By measurement; [row] in the order of `run.rows`: d measurement / d row weight, at weight 1 in every epoch. */
  readonly derivatives: readonly Float64Array[];
  /** The trained values at the end of the run, as replayed. */
  readonly finalValues: ParameterValues;
  readonly notes: ExactNotes;
}

/** What is walked back for one measurement. */
interface Adjoint {
  readonly values: Float64Values;
  readonly state: ReadonlyMap<string, readonly Float64Array[]>;
  readonly derivatives: Float64Array;
}

/**
 * The derivative of each measurement of the trained values with respect to every row's weight, through all steps: the
 * optimiser with its state, decay, clipping, schedule and accumulation. The denominator of a batch does not depend on
 * weights, so -derivative is the first-order change when a row's weight goes to 0 in place.
 *
 * With measurement = -loss of a query, derivative > 0 means that training on the row lowers the query's loss.
 *
 * @param finalAdjoints one a measurement: its gradient with respect to every trained tensor at the end of the run
 * @throws UserError `derivative-diverged`, `record-damaged`, `training-diverged`
 */
export async function differentiateThroughRun(
  run: RecordedRun,
  model: Pick<TrainingModel, 'config' | 'weights'>,
  finalAdjoints: readonly ParameterValues[],
  options: ExactOptions,
): Promise<ExactDerivatives> {
  const { record, rows, steps } = run;
  const { recipe, shapes, device } = record;
  const context: StepContext = {
    config: model.config,
    weights: model.weights,
    trainable: run.trainable,
    recipe,
    rows,
    shapes,
    device: device.name,
    threads: device.threads,
    activations: options.activations,
    rowFactor: () => 1,
  };
  const replay = createStepComputer(context);
  const backward = createAdjointStepComputer(context);
  // One shape makes two sessions, which may live together.
  const together = shapes.length === 1;
  const sessions: WalkSessions = {
    replay,
    beforeReplay: async () => (together ? undefined : backward.release()),
    beforeWalk: async () => (together ? undefined : replay.release()),
  };
  const places = new Map([...rows.keys()].map((number, place) => [number, place]));
  const { stateNames } = createOptimizer(recipe.optimizer);
  const optimizer = createOptimizerAdjoint(recipe.optimizer);
  const adjoints = finalAdjoints.map((final) => startAdjoint(run, final, stateNames.length));
  const toGradient: Float64Values = new Map(
    [...run.values].map(([name, { length }]) => [name, new Float64Array(length)]),
  );
  const total = steps.length * adjoints.length;
  let done = 0;
  let clippedSteps = 0;
  let guardedElements = 0;

  const walkStep = async (kept: KeptStep, { values, state, derivatives }: Adjoint): Promise<number> => {
    const { step, gradients, gradientScale, stateAfter } = kept;
    let guarded = 0;
    for (const [name, value] of values)
      guarded += optimizer.walkBack({
        step: step.step,
        learningRate: step.learningRate,
        gradientScale,
        gradient: gradients.get(name)!,
        stateAfter: stateAfter.get(name)!,
        value,
        state: state.get(name)!,
        clippedGradient: toGradient.get(name)!,
      });
    clipAdjoint(gradients, toGradient, kept.norm, gradientScale);
    const addRow = (row: number, change: number): void => {
      derivatives[places.get(row)!]! += change;
    };
    await backward.compute(step, kept.values, toGradient, addRow, values);
    return guarded;
  };

  try {
    const walk = await walkTrajectory(run, sessions, options.memoryBudgetBytes, async (kept) => {
      if (kept.gradientScale < 1) clippedSteps += 1;
      for (const [index, adjoint] of adjoints.entries()) {
        const guarded = await walkStep(kept, adjoint);
        if (index === 0) guardedElements += guarded;
        done += 1;
        options.onProgress({ done, total });
      }
    });
    return {
      derivatives: adjoints.map(({ derivatives }) => derivatives),
      finalValues: walk.finalValues,
      notes: { replay: walk.bits, replayedSteps: walk.replayedSteps, clippedSteps, guardedElements },
    };
  } finally {
    await replay.release();
    await backward.release();
  }
}

function startAdjoint(run: RecordedRun, final: ParameterValues, states: number): Adjoint {
  const values = new Map<string, Float64Array>();
  const state = new Map<string, readonly Float64Array[]>();
  for (const [name, { length }] of run.values) {
    const given = final.get(name);
    if (given === undefined || given.length !== length)
      throw internalError(`a measurement's gradient lacks ${name} of ${length} elements`);
    values.set(name, Float64Array.from(given));
    state.set(
      name,
      Array.from({ length: states }, () => new Float64Array(length)),
    );
  }
  if (final.size !== values.size) throw internalError('a measurement has gradients of tensors that are not trained');
  return { values, state, derivatives: new Float64Array(run.rows.size) };
}
