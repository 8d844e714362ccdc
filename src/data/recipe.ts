import { z } from 'zod';
import { inputError } from '../protocol/errors';
import type { JsonValue } from '../protocol/json';
import { readSmallText } from './byteSource';
import {
  type ConfigProblem,
  type ConfigText,
  configValue,
  type KeysAt,
  parseConfigText,
  problemAtPlace,
  schemaProblems,
} from './config/check';
import type { DataLimits } from './limits';

/**
 * Every default of a recipe. Where a trainer that people come from has a default, it is that one: AdamW as in PyTorch,
 * schedule, epochs, batch, clipping and seed as in transformers' TrainingArguments, maxLength as in TRL's SFT trainer.
 */
export const recipeDefaults = {
  method: 'lora',
  lora: { r: 8, alpha: 16, targets: 'all-linear', dropout: 0, init: 'peft' },
  optimizer: { name: 'adamw', betas: [0.9, 0.999], momentum: 0, eps: 1e-8, epsRoot: 0, weightDecay: 0 },
  /** Learning rate by method. */
  lr: { lora: 2e-4, full: 5e-5 },
  schedule: { name: 'linear', warmupSteps: 0 },
  batchSize: 8,
  gradientAccumulation: 1,
  epochs: 3,
  maxLength: 1024,
  gradClip: 1,
  seed: 42,
  order: 'shuffle',
  lossReduction: 'tokenMean',
  demonstrations: 0,
} as const;

const count = (least: number, most: number) => z.int().min(least).max(most);
const rowNumber = count(0, 2 ** 31 - 1);

const loraShape = z.strictObject({
  r: count(1, 4096).default(recipeDefaults.lora.r).describe('Rank of the adapter.'),
  alpha: z.number().positive().max(1e6).default(recipeDefaults.lora.alpha).describe('Scale: updates count alpha / r.'),
  targets: z
    .union([z.literal('all-linear'), z.array(z.string().min(1).max(500)).min(1).max(10_000)])
    .default(recipeDefaults.lora.targets)
    .describe('Module name endings, or all-linear: every linear layer but the output head.'),
  dropout: z
    .literal(0, { error: 'must be 0, because a run with dropout cannot be replayed row by row' })
    .default(recipeDefaults.lora.dropout)
    .describe('Always 0.'),
  init: z
    .string()
    .min(1)
    .max(4096)
    .default(recipeDefaults.lora.init)
    .describe('peft (A random, B zero), or the folder of an adapter to start from.'),
});

const optimizerShape = z.strictObject({
  name: z.enum(['adamw', 'sgd']).default(recipeDefaults.optimizer.name),
  lr: z
    .number()
    .nonnegative()
    .max(1000)
    .optional()
    .describe(`Peak learning rate. Default ${recipeDefaults.lr.lora} for lora, ${recipeDefaults.lr.full} for full.`),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([...recipeDefaults.optimizer.betas])
    .describe('Decay of the first and second moment (adamw).'),
  momentum: z.number().min(0).lt(1).default(recipeDefaults.optimizer.momentum).describe('sgd.'),
  eps: z.number().positive().max(1).default(recipeDefaults.optimizer.eps).describe('Added to the root (adamw).'),
  epsRoot: z.number().min(0).max(1).default(recipeDefaults.optimizer.epsRoot).describe('Added under the root (adamw).'),
  weightDecay: z
    .number()
    .min(0)
    .max(10)
    .default(recipeDefaults.optimizer.weightDecay)
    .describe('Decoupled for adamw, coupled for sgd.'),
});

const scheduleShape = z.strictObject({
  name: z.enum(['constant', 'linear', 'cosine']).default(recipeDefaults.schedule.name),
  warmupSteps: count(0, 1e9).default(recipeDefaults.schedule.warmupSteps).describe('Step 0 of a warm-up has rate 0.'),
});

const recipeShape = z.strictObject({
  $schema: z.string().optional(),
  model: z.string().min(1).max(4096).nullish().describe('Name in whence.json or path. Default: the workspace default.'),
  data: z
    .union([z.string().min(1).max(4096), z.array(z.string().min(1).max(4096)).max(1000)])
    .optional()
    .describe('Name in whence.json or path, or several. Default: the workspace default.'),
  method: z.enum(['lora', 'full']).default(recipeDefaults.method),
  lora: loraShape.nullish().describe('Only with method lora.'),
  optimizer: optimizerShape.prefault({}),
  schedule: scheduleShape.prefault({}).describe('As transformers computes it.'),
  batchSize: count(1, 65_536).default(recipeDefaults.batchSize).describe('Rows of one forward pass.'),
  gradientAccumulation: count(1, 65_536)
    .default(recipeDefaults.gradientAccumulation)
    .describe('Forward passes of one optimiser step.'),
  epochs: count(1, 1_000_000).default(recipeDefaults.epochs),
  maxLength: count(2, 1_048_576)
    .default(recipeDefaults.maxLength)
    .describe('Tokens; longer rows are cut on the right.'),
  gradClip: z
    .number()
    .min(0)
    .max(1e9)
    .default(recipeDefaults.gradClip)
    .describe('Largest norm of all gradients together; 0: no clipping.'),
  seed: count(0, 2 ** 32 - 1).default(recipeDefaults.seed),
  order: z.enum(['shuffle', 'given']).default(recipeDefaults.order).describe('Of the rows in each epoch.'),
  lossReduction: z
    .enum(['tokenMean', 'rowSum'])
    .default(recipeDefaults.lossReduction)
    .describe('tokenMean: sum over trained tokens / their number. rowSum: mean over rows of summed losses.'),
  demonstrations: count(0, 1000)
    .default(recipeDefaults.demonstrations)
    .describe('Rows put before each row as examples; the loss is on the row alone.'),
  batches: z
    .array(z.array(rowNumber).min(1).max(1_000_000))
    .min(1)
    .max(10_000_000)
    .nullish()
    .describe('Rows (0-based) of every optimiser step; replaces batchSize, epochs and order.'),
  learningRates: z
    .array(z.number().min(0).max(1000))
    .min(1)
    .max(10_000_000)
    .nullish()
    .describe('Rate of every optimiser step; replaces the schedule.'),
});

export interface LoraSettings {
  readonly r: number;
  readonly alpha: number;
  readonly targets: 'all-linear' | readonly string[];
  readonly dropout: 0;
  /** `peft`, or an adapter folder as written in the recipe. */
  readonly init: string;
}

export interface OptimizerSettings {
  readonly name: 'adamw' | 'sgd';
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly momentum: number;
  readonly eps: number;
  readonly epsRoot: number;
  readonly weightDecay: number;
}

/** A training recipe with every default filled in. Plain JSON: it is recorded as it is. */
export interface Recipe {
  /** null: the workspace's default. */
  readonly model: string | null;
  /** Empty: the workspace's default. */
  readonly data: readonly string[];
  readonly method: 'lora' | 'full';
  /** null for method `full`. */
  readonly lora: LoraSettings | null;
  readonly optimizer: OptimizerSettings;
  readonly schedule: { readonly name: 'constant' | 'linear' | 'cosine'; readonly warmupSteps: number };
  readonly batchSize: number;
  readonly gradientAccumulation: number;
  readonly epochs: number;
  /** Tokens. */
  readonly maxLength: number;
  /** 0: no clipping. */
  readonly gradClip: number;
  readonly seed: number;
  readonly order: 'shuffle' | 'given';
  readonly lossReduction: 'tokenMean' | 'rowSum';
  readonly demonstrations: number;
  /** Rows of every optimiser step; null: by batchSize, epochs and order. */
  readonly batches: readonly (readonly number[])[] | null;
  /** Rate of every optimiser step; null: by the schedule. */
  readonly learningRates: readonly number[] | null;
}

const keysAt: KeysAt = (place) => {
  const shape = { lora: loraShape, optimizer: optimizerShape, schedule: scheduleShape }[String(place[0])];
  return Object.keys((shape ?? recipeShape).shape);
};

/**
 * Checks a recipe and fills in every default. A recipe that was filled in passes unchanged.
 * @param file names the recipe in messages
 * @throws UserError `bad-recipe` that tells of every defect
 */
export function parseRecipe(value: JsonValue, file: string): Recipe {
  return checkRecipe(configValue(file, value));
}

/** Reads a recipe file (comments allowed). @throws UserError `bad-recipe` and those of reading a file */
export async function readRecipe(path: string, limits: DataLimits): Promise<Recipe> {
  return checkRecipe(parseConfigText(path, await readSmallText(path, limits)));
}

/** Every defect of a text that is, or is about to be, a recipe. */
export function recipeProblems(file: string, text: string): readonly ConfigProblem[] {
  const checked = readShape(parseConfigText(file, text));
  return 'problems' in checked ? checked.problems : [];
}

function checkRecipe(config: ConfigText): Recipe {
  const checked = readShape(config);
  if ('problems' in checked) throw badRecipe(checked.problems);
  return checked.recipe;
}

function readShape(config: ConfigText): { readonly recipe: Recipe } | { readonly problems: readonly ConfigProblem[] } {
  if (config.value === undefined) return { problems: config.problems };
  const result = recipeShape.safeParse(config.value);
  if (!result.success) return { problems: schemaProblems(config, result.error.issues, keysAt) };
  const { $schema: _, model, data, lora, optimizer, batches, learningRates, ...rest } = result.data;
  if (rest.method === 'full' && lora != null) {
    return contradiction('lora', 'lora is given, but the method is full', 'Delete lora, or set "method": "lora".');
  }
  if (batches != null && learningRates != null && batches.length !== learningRates.length) {
    const counts = `${batches.length} batches but ${learningRates.length} learning rates`;
    return contradiction('learningRates', counts, 'Give one learning rate for each batch.');
  }
  const recipe: Recipe = {
    ...rest,
    model: model ?? null,
    data: data === undefined ? [] : typeof data === 'string' ? [data] : data,
    lora: rest.method === 'full' ? null : (lora ?? loraShape.parse({})),
    optimizer: { ...optimizer, lr: optimizer.lr ?? recipeDefaults.lr[rest.method] },
    batches: batches ?? null,
    learningRates: learningRates ?? null,
  };
  return { recipe };

  function contradiction(key: string, message: string, next: string) {
    return { problems: [problemAtPlace(config, [key], 'error', 'contradiction', `${message}.`, next)] };
  }
}

function badRecipe(problems: readonly ConfigProblem[]): Error {
  const shown = problems.slice(0, 5).map(({ message }) => message);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more.`);
  return inputError('bad-recipe', shown.join(' '), problems[0]!.next);
}

/** The JSON schema of a recipe file, for editors. */
export function recipeJsonSchema(): JsonValue {
  return z.toJSONSchema(recipeShape, { io: 'input', unrepresentable: 'any' }) as unknown as JsonValue;
}
