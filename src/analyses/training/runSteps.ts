import type { Recipe } from '../../data/recipe';
import type { TrainStep } from '../../protocol/requests';
import { clipFactor, gradientNorm } from './clipGradients';
import { divergence, type StepComputer, type StepContext } from './computeStep';
import { createOptimizer } from './optimizer';
import type { PlannedStep } from './planSteps';
import type { ParameterValues } from './trainable';

/** A run between two steps: all that the next step depends on, and what was measured so far. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  readonly values: ParameterValues;
  /** By parameter, one array a name of the optimiser's `stateNames`. */
  readonly moments: ReadonlyMap<string, readonly Float32Array[]>;
  /** One entry a step done. */
  readonly losses: number[];
  /** Before clipping, over all trained tensors together. */
  readonly gradientNorms: number[];
}

export function initialState(values: ParameterValues, optimizer: Recipe['optimizer']): TrainingState {
  const { stateNames } = createOptimizer(optimizer);
  const moments = new Map(
    [...values].map(([name, { length }]) => [name, stateNames.map(() => new Float32Array(length))]),
  );
  return { step: 0, values, moments, losses: [], gradientNorms: [] };
}

/**
 * Trains from the state's step to the end of the plan, changing the state in place.
 *
 * @param afterStep awaited after each step, the state being that after it
 * @throws UserError `training-diverged` at the first loss or gradient that is not finite; the state is that before it
 */
export async function runSteps(
  context: Pick<StepContext, 'rows'> & { readonly recipe: Pick<Recipe, 'optimizer' | 'gradClip'> },
  computer: Pick<StepComputer, 'compute'>,
  steps: readonly PlannedStep[],
  state: TrainingState,
  afterStep: (step: TrainStep, state: TrainingState) => Promise<void>,
): Promise<void> {
  const { recipe, rows } = context;
  const optimizer = createOptimizer(recipe.optimizer);
  for (const step of steps.slice(state.step)) {
    const { loss, gradients } = await computer.compute(step, state.values);
    const norm = gradientNorm(gradients.values());
    if (!Number.isFinite(norm))
      throw divergence(
        step,
        step.rows.map((number) => rows.get(number)!),
        'gradient',
      );
    const gradientScale = clipFactor(norm, recipe.gradClip);
    for (const [name, gradient] of gradients) {
      const parameter = state.values.get(name)!;
      const { step: number, learningRate } = step;
      optimizer.update({
        step: number,
        learningRate,
        gradientScale,
        parameter,
        gradient,
        state: state.moments.get(name)!,
      });
    }
    state.step = step.step;
    state.losses.push(loss);
    state.gradientNorms.push(norm);
    await afterStep(trainStep(step, loss, norm), state);
  }
}

/** A step as results and records show it. */
export function trainStep({ step, learningRate, rows }: PlannedStep, loss: number, gradNorm: number): TrainStep {
  return { step, lr: learningRate, loss, gradNorm, rows };
}
