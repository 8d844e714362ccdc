import type { Recipe } from '../../data/recipe';
import type { MappedWeights } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import { inputError, internalError } from '../../protocol/errors';
import type { DeviceName } from '../../protocol/requests';
import type { Session } from '../../runtime/openSession';
import { createSessionCache } from '../../runtime/sessionCache';
import { openModelSession } from '../openModelSession';
import {
  type Activations,
  buildTrainingStep,
  feedNames,
  gradientName,
  logProbabilitiesName,
} from './buildTrainingStep';
import { frozenWeights } from './frozenWeights';
import { countTrained, type PassFeeds, passFeeds, passSize } from './passFeeds';
import { type PassShape, shapeFor } from './planShapes';
import { microBatches, type PlannedStep } from './planSteps';
import type { ParameterValues, Trainable } from './trainable';
import { describeRow, type TrainingRow } from './trainingRow';

/** Everything that decides the gradients of a step, besides the trained values. */
export interface StepContext {
  readonly config: ModelConfig;
  /** Float32 locations of the base model's parameters. */
  readonly weights: MappedWeights;
  readonly trainable: Trainable;
  readonly recipe: Pick<Recipe, 'batchSize' | 'lossReduction'>;
  /** By row number. */
  readonly rows: ReadonlyMap<number, TrainingRow>;
  readonly shapes: readonly PassShape[];
  readonly device: DeviceName;
  readonly threads: number;
  readonly activations: Activations;
  /** Factor on a row's loss on top of its own weight; 0 removes the row in place. The denominator does not see it. */
  readonly rowFactor: (rowNumber: number) => number;
}

export interface StepGradients {
  /** Weighted losses of the step's trained tokens / the step's denominator, in nats. */
  readonly loss: number;
  /** d loss / d parameter, in the order of `trainable.shapes`. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

export interface StepComputer {
  compute(step: PlannedStep, values: ParameterValues): Promise<StepGradients>;
  /** Frees the sessions. */
  release(): Promise<void>;
}

/** tokenMean: trained tokens of the whole step. rowSum: its rows. Neither sees row weights. */
export function stepDenominator(rows: readonly TrainingRow[], reduction: Recipe['lossReduction']): number {
  return reduction === 'rowSum' ? rows.length : rows.reduce((sum, { encoded }) => sum + countTrained(encoded), 0);
}

/** Opens sessions as shapes are met, two at most, and computes the gradients of steps with them. */
export function createStepComputer(context: StepContext): StepComputer {
  const { recipe, rows, shapes, trainable } = context;
  const sessions = createSessionCache({ sized: 2, others: 2 });
  const held = frozenWeights(context.config, trainable, shapes);
  const names = [...trainable.shapes.keys()];

  const sessionOf = (shape: PassShape): Promise<Session> =>
    sessions.get(`${shape.batch} ${shape.length} ${shape.trained}`, () =>
      openModelSession(
        buildTrainingStep(context.config, trainable, shape, context.activations),
        context.weights,
        { device: context.device, threads: context.threads },
        { weights: held.kind, workspace: 'kept' },
      ),
    );

  const rowsOf = (numbers: readonly number[]): TrainingRow[] =>
    numbers.map((number) => {
      const row = rows.get(number);
      if (row === undefined) throw internalError(`no row ${number}`);
      return row;
    });

  const compute = async (step: PlannedStep, values: ParameterValues): Promise<StepGradients> => {
    const divisor = stepDenominator(rowsOf(step.rows), recipe.lossReduction);
    let loss = 0;
    let gradients: ReadonlyMap<string, Float32Array> | undefined;
    for (const numbers of microBatches(step, recipe.batchSize)) {
      const batch = rowsOf(numbers);
      const shape = shapeFor(passSize(batch.map(({ encoded }) => encoded)), shapes);
      const feeds = passFeeds(
        batch.map((row) => ({
          tokens: row.encoded,
          factor: (row.encoded.weight * context.rowFactor(row.number)) / divisor,
        })),
        shape,
      );
      const results = await (await sessionOf(shape)).run({
        ...Object.fromEntries(values),
        [feedNames.inputIds]: feeds.inputIds,
        [feedNames.places]: feeds.places,
        [feedNames.targets]: feeds.targets,
        [feedNames.weights]: feeds.weights,
      });
      loss += passLoss(step, batch, feeds, results[logProbabilitiesName] as Float32Array);
      const found = new Map(names.map((name) => [name, results[gradientName(name)] as Float32Array]));
      if (gradients === undefined) gradients = found;
      else addTo(gradients, found);
    }
    if (gradients === undefined) throw internalError(`step ${step.step} has no rows`);
    return { loss, gradients };
  };
  return { compute, release: () => sessions.releaseAll() };
}

/** @throws UserError `training-diverged` naming the rows whose loss is not finite */
function passLoss(
  step: PlannedStep,
  batch: readonly TrainingRow[],
  { weights, rowOfPlace }: PassFeeds,
  logProbabilities: Float32Array,
): number {
  const losses = batch.map(() => 0);
  for (const [place, row] of rowOfPlace.entries()) losses[row]! -= weights[place]! * logProbabilities[place]!;
  const broken = batch.filter((_, row) => !Number.isFinite(losses[row]));
  if (broken.length > 0) throw divergence(step, broken, 'loss');
  return losses.reduce((sum, value) => sum + value, 0);
}

export function divergence(step: PlannedStep, rows: readonly TrainingRow[], what: 'loss' | 'gradient') {
  const shown = rows.slice(0, 4).map(describeRow).join(', ');
  const more = rows.length > 4 ? ` and ${rows.length - 4} more` : '';
  return inputError(
    'training-diverged',
    `The ${what} is not a finite number at step ${step.step} (learning rate ${step.learningRate}), rows ${shown}${more}.`,
    step.step === 1
      ? 'Check the model weights and these rows.'
      : 'Lower the learning rate, add warm-up steps or set gradClip; check these rows.',
  );
}

function addTo(sums: ReadonlyMap<string, Float32Array>, parts: ReadonlyMap<string, Float32Array>): void {
  for (const [name, sum] of sums) {
    const part = parts.get(name)!;
    addArrays(sum, part);
  }
}

function addArrays(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += part[i]!;
}
