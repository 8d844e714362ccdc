import { createHash } from 'node:crypto';
import type { Recipe } from '../../data/recipe';
import { readTensorFloat32 } from '../../model/checkpoint/readTensor';
import type { LoraAdapter } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import { inputError, internalError } from '../../protocol/errors';
import { initialLora } from './initialLora';
import { lengthLimits } from './lengthLimits';
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
  refuseTextPart(model);
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
  const { carried, replaced } = initialAdapter;
  const trained = new Map([...replaced].filter(([name]) => !carried.has(name)));
  const { trainable, values } = trainableLora(initialAdapter.modules.values(), trained);
  const hash = createHash('sha256').update(JSON.stringify(trainable.lora));
  const adapterHash = hash.update(hashValues(values, trainable)).digest('hex');
  const checkedValues = async (): Promise<ParameterValues> => {
    await requireCarriedAsInBase(model, initialAdapter);
    return values;
  };
  return { trainable, values: checkedValues, adapterHash };
}

/** peft would look for an adapter's modules under the names of the whole model, where they are called otherwise. */
function refuseTextPart({ checkpoint }: TrainingModel): void {
  if (checkpoint.warnings.every(({ code }) => code !== 'text-part')) return;
  throw inputError(
    'lora-on-text-part',
    `${checkpoint.path} also reads images; an adapter of its text part alone would not load in peft.`,
    'Save its text part as a model of its own (Gemma3ForCausalLM in transformers) and train that, or set method to full.',
  );
}

/** What an adapter carries along stays as it is: training reads the base's values, which must be the same. */
async function requireCarriedAsInBase(
  { weights }: TrainingModel,
  { folder, carried, replaced }: LoraAdapter,
): Promise<void> {
  for (const name of carried) {
    const location = weights.get(name);
    if (location === undefined) throw internalError(`the model has no parameter ${name}`);
    const base = await readTensorFloat32(location);
    if (replaced.get(name)!.data.every((value, i) => value === base[i])) continue;
    throw inputError(
      'adapter-feature-unsupported',
      `${folder} holds a ${name} of its own that its config does not train; such an adapter cannot be trained further.`,
      'Merge the adapter into its base with peft (merge_and_unload) and train the result.',
    );
  }
}

/** What is decided before the first step. */
export interface TrainingPlan {
  readonly steps: readonly PlannedStep[];
  readonly shapes: readonly PassShape[];
  /** Rows with a trained token, by number. */
  readonly rows: ReadonlyMap<number, TrainingRow>;
}

export function planTraining(rows: readonly TrainingRow[], recipe: Recipe, config: ModelConfig): TrainingPlan {
  const trained = new Map(rows.filter(isTrainable).map((row) => [row.number, row]));
  const steps = planSteps([...trained.keys()], recipe);
  return { steps, shapes: planShapesOf(steps, trained, recipe.batchSize, config), rows: trained };
}

/** The static shapes that the steps' forward passes are padded to. */
export function planShapesOf(
  steps: readonly PlannedStep[],
  rows: ReadonlyMap<number, TrainingRow>,
  batchSize: number,
  config: ModelConfig,
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
  return planShapes(passes, 2, lengthLimits(config));
}
