import { createHash } from 'node:crypto';
import type { Recipe } from '../../data/recipe';
import type { LoraAdapter } from '../../model/checkpoint/types';
import { inputError, internalError } from '../../protocol/errors';
import { initialLora } from './initialLora';
import { passSize } from './passFeeds';
import { type PassShape, planShapes } from './planShapes';
import { microBatches, type PlannedStep, planSteps } from './planSteps';
import { hashValues } from './record/checkpoints';
import { type ParameterValues, type Trainable, trainableLora } from './trainable';
import { readModelValues, type TrainingModel, trainableModel } from './trainingModel';
import { isTrainable, type TrainingRow } from './trainingRow';

/** Values before the first step. */
export interface TrainingStart {
  readonly trainable: Trainable;
  /** Reads or makes the values: of a whole model they are large, so only once it is known that they fit. */
  readonly values: () => Promise<ParameterValues>;
  /** SHA-256 of the adapter that training starts from; undefined: fresh, or full fine-tuning. */
  readonly adapterHash: string | undefined;
}

/** @param initialAdapter given exactly where the recipe's `lora.init` names an adapter folder */
export function startTraining(
  model: TrainingModel,
  recipe: Recipe,
  initialAdapter: LoraAdapter | undefined,
): TrainingStart {
  if (recipe.lora === null) {
    return { trainable: trainableModel(model.config), values: () => readModelValues(model), adapterHash: undefined };
  }
  if ((recipe.lora.init === 'peft') !== (initialAdapter === undefined))
    throw internalError(`lora.init is ${recipe.lora.init}`);
  if (initialAdapter === undefined) {
    const { trainable, values } = trainableLora(initialLora(model.config, recipe.lora, recipe.seed), new Map());
    return { trainable, values: async () => values, adapterHash: undefined };
  }
  if (initialAdapter.tiedHead !== 'asInBase')
    throw inputError(
      'adapter-feature-unsupported',
      `${initialAdapter.folder} unties the output head from the input embedding; such an adapter cannot be trained further.`,
      'Start from an adapter without the embedding in modules_to_save.',
    );
  const { trainable, values } = trainableLora(initialAdapter.modules.values(), initialAdapter.replaced);
  const hash = createHash('sha256').update(JSON.stringify(trainable.lora));
  const adapterHash = hash.update(hashValues(values, trainable)).digest('hex');
  return { trainable, values: async () => values, adapterHash };
}

/** What is decided before the first step. */
export interface TrainingPlan {
  readonly steps: readonly PlannedStep[];
  readonly shapes: readonly PassShape[];
  /** Rows with a trained token, by number. */
  readonly rows: ReadonlyMap<number, TrainingRow>;
}

export function planTraining(rows: readonly TrainingRow[], recipe: Recipe): TrainingPlan {
  const trained = new Map(rows.filter(isTrainable).map((row) => [row.number, row]));
  const steps = planSteps([...trained.keys()], recipe);
  return { steps, shapes: planShapesOf(steps, trained, recipe.batchSize), rows: trained };
}

/** The static shapes that the steps' forward passes are padded to. */
export function planShapesOf(
  steps: readonly PlannedStep[],
  rows: ReadonlyMap<number, TrainingRow>,
  batchSize: number,
): readonly PassShape[] {
  const sizes = new Map([...rows].map(([number, { encoded }]) => [number, passSize([encoded])]));
  const passes = steps.flatMap((step) =>
    microBatches(step, batchSize).map((numbers) => {
      const own = numbers.map((number) => sizes.get(number)!);
      return {
        rows: own.length,
        length: own.reduce((longest, { length }) => Math.max(longest, length), 0),
        trained: own.reduce((sum, { trained }) => sum + trained, 0),
      };
    }),
  );
  return planShapes(passes, 2);
}
