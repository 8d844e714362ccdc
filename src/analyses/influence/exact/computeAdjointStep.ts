import { inputError, internalError } from '../../../protocol/errors';
import type { Session } from '../../../runtime/openSession';
import { createSessionCache } from '../../../runtime/sessionCache';
import { openModelSession } from '../../openModelSession';
import { feedNames } from '../../training/buildTrainingStep';
import { type StepContext, stepDenominator } from '../../training/computeStep';
import { frozenWeights } from '../../training/frozenWeights';
import { passFeeds, passSize } from '../../training/passFeeds';
import { type PassShape, shapeFor } from '../../training/planShapes';
import { microBatches, type PlannedStep } from '../../training/planSteps';
import type { ParameterValues } from '../../training/trainable';
import { buildAdjointStep, directionName, productName, tangentsName } from './buildAdjointStep';

/** By parameter, of its size. */
export type Float64Values = ReadonlyMap<string, Float64Array>;

export interface AdjointStepComputer {
  /**
   * With u the direction and L_r the part of the step's loss that row r makes:
   *
   * @param values the trained values before the step
   * @param addRow told u . grad L_r of every row, once a time that the row is in the step
   * @param addTo the Hessian of the step's loss times u is added here
   * @throws UserError `derivative-diverged`
   */
  compute(
    step: PlannedStep,
    values: ParameterValues,
    direction: Float64Values,
    addRow: (row: number, value: number) => void,
    addTo: Float64Values,
  ): Promise<void>;
  /** Frees the sessions; they are opened again when needed. */
  release(): Promise<void>;
}

/** Largest magnitude of all elements; NaN where one is not a number. */
function largest(values: Float64Values): number {
  let most = 0;
  for (const tensor of values.values())
    for (const value of tensor) {
      const size = Math.abs(value);
      if (!(size <= most)) most = size;
      if (Number.isNaN(most)) return most;
    }
  return most;
}

function scaledToFloat32(values: Float64Array, factor: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = values[i]! * factor;
  return result;
}

function addScaled(sum: Float64Array, part: Float32Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += part[i]! * factor;
}

/** As `createStepComputer`, for the walk back. */
export function createAdjointStepComputer(context: Omit<StepContext, 'rowFactor'>): AdjointStepComputer {
  const { recipe, rows, shapes, trainable } = context;
  const sessions = createSessionCache({ sized: 2, others: 2 });
  const held = frozenWeights(context.config, trainable, shapes);

  const sessionOf = (shape: PassShape): Promise<Session> =>
    sessions.get(`${shape.batch} ${shape.length} ${shape.trained}`, () =>
      openModelSession(
        buildAdjointStep(context.config, trainable, shape, context.activations),
        context.weights,
        { device: context.device, threads: context.threads },
        { weights: held.kind, workspace: 'kept' },
      ),
    );

  const compute: AdjointStepComputer['compute'] = async (step, values, direction, addRow, addTo) => {
    const batches = microBatches(step, recipe.batchSize).map((numbers) => numbers.map((number) => rows.get(number)!));
    const divisor = stepDenominator(batches.flat(), recipe.lossReduction);
    const size = largest(direction);
    if (!Number.isFinite(size)) throw diverged(step);
    if (size === 0) return;
    // Both results are linear in the direction: brought near 1, float32 neither overflows nor loses small ones.
    const scale = 2 ** Math.floor(Math.log2(size));
    const fedValues = Object.fromEntries(values);
    const fedDirections = Object.fromEntries(
      [...direction].map(([name, tensor]) => [directionName(name), scaledToFloat32(tensor, 1 / scale)]),
    );
    for (const batch of batches) {
      const shape = shapeFor(passSize(batch.map(({ encoded }) => encoded)), shapes);
      const feeds = passFeeds(
        batch.map(({ encoded }) => ({ tokens: encoded, factor: encoded.weight / divisor })),
        shape,
      );
      const results = await (await sessionOf(shape)).run({
        ...fedValues,
        ...fedDirections,
        [feedNames.inputIds]: feeds.inputIds,
        [feedNames.places]: feeds.places,
        [feedNames.targets]: feeds.targets,
        [feedNames.weights]: feeds.weights,
      });
      const changes = batch.map(() => 0);
      const tangents = results[tangentsName] as Float32Array;
      for (const [place, row] of feeds.rowOfPlace.entries()) changes[row]! -= feeds.weights[place]! * tangents[place]!;
      for (const [index, change] of changes.entries()) {
        if (!Number.isFinite(change)) throw diverged(step);
        addRow(batch[index]!.number, change * scale);
      }
      for (const [name, sum] of addTo) {
        const product = results[productName(name)];
        if (!(product instanceof Float32Array)) throw internalError(`the adjoint step gives no ${name}`);
        addScaled(sum, product, scale);
      }
    }
  };
  return { compute, release: () => sessions.releaseAll() };
}

function diverged({ step, learningRate }: PlannedStep) {
  return inputError(
    'derivative-diverged',
    `The derivative through step ${step} (learning rate ${learningRate}) is not a finite number.`,
    'Train with warm-up steps, or with a larger eps or epsRoot, and trace that run; or choose another method than exact.',
  );
}
