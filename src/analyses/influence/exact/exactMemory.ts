import type { ModelConfig } from '../../../model/modelConfig';
import type { Activations } from '../../training/buildTrainingStep';
import { sessionBytes, trainingMemoryParts } from '../../training/estimateTrainingMemory';
import { frozenWeights } from '../../training/frozenWeights';
import type { RecordedRun } from '../../training/replayRun';
import { buildAdjointStep } from './buildAdjointStep';
import { keptStepBytes } from './walkTrajectory';

export interface ExactMemory {
  /** Peak beside what every engine holds; mapped weights do not count. */
  readonly bytes: number;
  /** Of these, steps kept while they are walked. */
  readonly keptSteps: number;
}

/** What `differentiateThroughRun` will hold, known before it starts. */
export function exactMemory(
  run: RecordedRun,
  config: ModelConfig,
  measurements: number,
  options: { readonly activations: Activations; readonly memoryBudgetBytes: number },
): ExactMemory {
  const { record, trainable, steps } = run;
  const { shapes, recipe } = record;
  const training = trainingMemoryParts(config, trainable, recipe, shapes, options.activations);
  const packed = frozenWeights(config, trainable, shapes).bytesOfSession;
  const backward = shapes
    .map((shape) => sessionBytes(buildAdjointStep(config, trainable, shape, options.activations)) + packed)
    .reduce((sum, bytes) => sum + bytes, 0);
  const sessions = shapes.length === 1 ? training.sessions + backward : Math.max(training.sessions, backward);
  const stepBytes = keptStepBytes(run);
  const keptSteps = Math.max(stepBytes, Math.min(options.memoryBudgetBytes, steps.length * stepBytes));
  const state = training.values + training.optimizerState;
  // Float64 adjoints of values and state, and the gradient they start from.
  const adjoints = measurements * (2 * state + training.values);
  // The float64 adjoint of the gradient, its float32 copy and the product.
  const passing = 4 * training.values;
  return {
    bytes: sessions + keptSteps + training.values + 2 * state + training.gradients + adjoints + passing,
    keptSteps,
  };
}
