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
import { type TrainingModel, trainableModel } from './trainingModel';
import { isTrainable, type TrainingRow } from './trainingRow';

/** Values before the first step. */
export interface TrainingStart {
  readonly trainable: Trainable;
  readonly values: ParameterValues;
  /** SHA-256 of the adapter that training starts from; undefined: fresh, or full fine-tuning. */
  readonly adapterHash: string | undefined;
}

/** @param initialAdapter given exactly where the recipe's `lora.init` names an adapter folder */
export async function startTraining(
  model: TrainingModel,
  recipe: Recipe,
  initialAdapter: LoraAdapter | undefined,
): Promise<TrainingStart> {
  if (recipe.lora === null) {
    return { ...(await trainableModel(model)), adapterHash: undefined };
  }
  if ((recipe.lora.init === 'peft') !== (initialAdapter === undefined))
    throw internalError(`lora.init is ${recipe.lora.init}`);
  if (initialAdapter === undefined) {
    const modules = initialLora(model.config, recipe.lora, recipe.seed);
    return { ...trainableLora(modules, new Map()), adapterHash: undefined };
  }
  if (initialAdapter.tiedHead !== 'asInBase')
    throw inputError(
      'adapter-feature-unsupported',
      `${initialAdapter.folder} unties the output head from the input embedding; such an adapter cannot be trained further.`,
      'Start from an adapter without the embedding in modules_to_save.',
    );
  const start = trainableLora(initialAdapter.modules.values(), initialAdapter.replaced);
  const hash = createHash('sha256').update(JSON.stringify(start.trainable.lora));
  return { ...start, adapterHash: hash.update(hashValues(start.values, start.trainable)).digest('hex') };
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
  const passes = steps.flatMap((step) =>
    microBatches(step, recipe.batchSize).map((numbers) =>
      passSize(numbers.map((number) => trained.get(number)!.encoded)),
    ),
  );
  return { steps, shapes: planShapes(passes, 2), rows: trained };
}
