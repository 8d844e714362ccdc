/** The recorded PyTorch runs of test/fixtures/training, as this project's trainer takes them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { StepContext } from '../../../../src/analyses/training/computeStep';
import { noLengthLimits } from '../../../../src/analyses/training/lengthLimits';
import { passSize, untrained } from '../../../../src/analyses/training/passFeeds';
import { planShapes } from '../../../../src/analyses/training/planShapes';
import { microBatches, type PlannedStep, planSteps } from '../../../../src/analyses/training/planSteps';
import type { ParameterValues, Trainable } from '../../../../src/analyses/training/trainable';
import type { TrainingRow } from '../../../../src/analyses/training/trainingRow';
import { parseRecipe, type Recipe } from '../../../../src/data/recipe';
import { readSafetensorsHeader } from '../../../../src/data/safetensors/safetensorsHeader';
import { mapWeights } from '../../../../src/model/checkpoint/mapWeights';
import { openCheckpoint } from '../../../../src/model/checkpoint/openCheckpoint';
import { readTensorFloat32 } from '../../../../src/model/checkpoint/readTensor';
import type { MappedWeights } from '../../../../src/model/checkpoint/types';
import type { ModelConfig } from '../../../../src/model/modelConfig';
import { parseModelConfig } from '../../../../src/model/parseModelConfig';
import type { JsonObject } from '../../../../src/protocol/json';
import { temporaryFolder } from '../../../support/temporaryFolder';

const fixtures = path.resolve('test/fixtures');

interface FixtureRow {
  readonly input_ids: readonly number[];
  readonly loss_mask: readonly number[];
}

export interface InfluenceEntry {
  readonly optimizer: {
    readonly name: 'adamw' | 'sgd';
    readonly eps?: number;
    readonly momentum?: number;
    readonly lr_scale?: number;
    readonly clip?: number | null;
    readonly lr?: readonly number[];
  };
  readonly query_loss_sum_after_training: readonly number[];
  readonly loss_at_each_step: readonly number[];
  readonly grad_norm_before_clip: readonly number[];
  readonly leave_one_out_change_of_query_loss_sum: readonly (readonly number[])[];
  readonly clipped: readonly boolean[];
  readonly derivative_exact_float64: readonly (readonly number[])[];
}

export interface RecordedReference {
  readonly batch_rows: readonly (readonly number[])[];
  readonly lr: readonly number[];
  readonly loss: readonly number[];
  readonly grad_norm_before_clip: readonly number[];
  readonly row_loss_sum: readonly (readonly number[])[];
  readonly influence_through_training: Readonly<Record<string, InfluenceEntry>>;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(fixtures, file), 'utf8')) as T;
}

export function readReference(name: 'full' | 'lora'): RecordedReference {
  return readJson(`training/${name}.json`);
}

function trainingRow({ input_ids, loss_mask }: FixtureRow, number: number): TrainingRow {
  return {
    number,
    file: 'data.json',
    row: number,
    line: number + 1,
    hash: number.toString(16).padStart(64, '0'),
    encoded: {
      ids: Int32Array.from(input_ids),
      labels: Int32Array.from(input_ids, (id, t) => (loss_mask[t] === 1 ? id : untrained)),
      weight: 1,
      encodingHash: (number + 4096).toString(16).padStart(64, '0'),
    },
  };
}

export function readFixtureRows(): { readonly rows: readonly TrainingRow[]; readonly queries: readonly TrainingRow[] } {
  const data = readJson<{ rows: FixtureRow[]; queries: FixtureRow[] }>('training/data.json');
  return { rows: data.rows.map(trainingRow), queries: data.queries.map(trainingRow) };
}

export interface TinyModel {
  readonly config: ModelConfig;
  readonly weights: MappedWeights;
}

export async function openTinyLlama(): Promise<TinyModel> {
  const checkpoint = await openCheckpoint(path.join(fixtures, 'models/llama'));
  const cache = temporaryFolder('whence-weights-');
  return {
    config: parseModelConfig(checkpoint.config, 'config.json'),
    weights: await mapWeights(checkpoint, cache, () => undefined),
  };
}

/** Tensors of a safetensors file of the fixtures. */
export async function readFixtureTensors(file: string): Promise<Map<string, Float32Array>> {
  const header = await readSafetensorsHeader(path.join(fixtures, file));
  const entries = [...header.tensors].map(
    async ([name, location]) => [name, await readTensorFloat32(location)] as const,
  );
  return new Map(await Promise.all(entries));
}

/** The recipe of the recorded runs, with changes. */
export function recordedRecipe(method: 'lora' | 'full', changes: JsonObject): Recipe {
  return parseRecipe(
    {
      method,
      optimizer: { name: 'adamw', lr: 0.002, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01 },
      schedule: { name: 'cosine', warmupSteps: 2 },
      batchSize: 4,
      epochs: 2,
      gradClip: 1,
      batches: readReference('full').batch_rows,
      ...changes,
    },
    'recipe.json',
  );
}

export interface TinySetup {
  readonly context: StepContext & { readonly recipe: Recipe };
  readonly steps: readonly PlannedStep[];
}

export function setup(
  model: TinyModel,
  trainable: Trainable,
  recipe: Recipe,
  rows: readonly TrainingRow[],
  rowFactor: (row: number) => number,
): TinySetup {
  const steps = planSteps(
    rows.map(({ number }) => number),
    recipe,
  );
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  const passes = steps.flatMap((step) =>
    microBatches(step, recipe.batchSize).map((numbers) => passSize(numbers.map((n) => byNumber.get(n)!.encoded))),
  );
  return {
    steps,
    context: {
      ...model,
      trainable,
      recipe,
      rows: byNumber,
      shapes: planShapes(passes, 2, noLengthLimits),
      device: 'cpu',
      threads: 2,
      activations: 'held',
      rowFactor,
    },
  };
}

export async function fullStart({ weights }: TinyModel): Promise<{ trainable: Trainable; values: ParameterValues }> {
  const values = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  for (const [name, location] of weights) {
    values.set(name, await readTensorFloat32(location));
    shapes.set(name, location.shape);
  }
  return { trainable: { method: 'full', lora: [], shapes }, values };
}

/** LoRA start from the fixture adapter: names in the file are peft's. */
export async function loraStart(): Promise<{ trainable: Trainable; values: ParameterValues }> {
  const stored = await readFixtureTensors('adapters/llama-lora-qv/adapter_model.safetensors');
  const header = await readSafetensorsHeader(path.join(fixtures, 'adapters/llama-lora-qv/adapter_model.safetensors'));
  const values = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  const modules = new Set<string>();
  for (const [name, data] of stored) {
    const own = name.replace('base_model.model.', '');
    values.set(own, data);
    shapes.set(own, header.tensors.get(name)!.shape);
    modules.add(own.replace(/\.lora_[AB]\.weight$/, ''));
  }
  const lora = [...modules].map((module) => ({ module, rank: 4, scaling: 2 }));
  return { trainable: { method: 'lora', lora, shapes }, values };
}
