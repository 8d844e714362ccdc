/** The runs of test/fixtures/training as recorded runs of ours, their queries as measurements. */

import path from 'node:path';
import { createStepComputer } from '../../../../../src/analyses/training/computeStep';
import { createOptimizer } from '../../../../../src/analyses/training/optimizer';
import type { PassShape } from '../../../../../src/analyses/training/planShapes';
import {
  checkpointsFolderName,
  hashValues,
  listCheckpoints,
  writeCheckpoint,
} from '../../../../../src/analyses/training/record/checkpoints';
import type { RunRecord } from '../../../../../src/analyses/training/record/runRecord';
import type { RecordedRun } from '../../../../../src/analyses/training/replayRun';
import { initialState, runSteps } from '../../../../../src/analyses/training/runSteps';
import { countElements, type ParameterValues, type Trainable } from '../../../../../src/analyses/training/trainable';
import type { TrainingRow } from '../../../../../src/analyses/training/trainingRow';
import type { Recipe } from '../../../../../src/data/recipe';
import { makeFolder } from '../../../../../src/data/writeFile';
import { temporaryFolder } from '../../../../support/temporaryFolder';
import {
  fullStart,
  type InfluenceEntry,
  loraStart,
  readFixtureRows,
  recordedRecipe,
  setup,
  type TinyModel,
} from '../../../training/support/tinyRun';

export type Method = 'full' | 'lora';

export interface TinyRecordedRun {
  readonly run: RecordedRun;
  readonly finalValues: ParameterValues;
}

export function settingRecipe(method: Method, { optimizer }: InfluenceEntry): Recipe {
  return recordedRecipe(method, {
    optimizer: {
      name: optimizer.name,
      lr: 0.002 * (optimizer.lr_scale ?? 1),
      eps: optimizer.eps ?? 1e-8,
      momentum: optimizer.momentum ?? 0,
      weightDecay: 0.01,
    },
    gradClip: optimizer.clip === null ? 0 : (optimizer.clip ?? 1),
    ...(optimizer.lr === undefined ? {} : { learningRates: optimizer.lr }),
  });
}

export interface TinyRunChanges {
  /** In place of the fixture's own. */
  readonly start?: { readonly trainable: Trainable; readonly values: ParameterValues };
  readonly shapes?: readonly PassShape[];
  /** By row; 1 where none is given. */
  readonly weights?: ReadonlyMap<number, number>;
}

/** Trains and records. A checkpoint is kept every second step. */
export async function recordTinyRun(
  model: TinyModel,
  method: Method,
  recipe: Recipe,
  changes: TinyRunChanges,
): Promise<TinyRecordedRun> {
  const { trainable, values } = changes.start ?? (method === 'full' ? await fullStart(model) : await loraStart());
  const rows = readFixtureRows().rows.map((row) => ({
    ...row,
    encoded: { ...row.encoded, weight: changes.weights?.get(row.number) ?? 1 },
  }));
  const planned = setup(model, trainable, recipe, rows, () => 1);
  const { steps } = planned;
  const context = { ...planned.context, shapes: changes.shapes ?? planned.context.shapes };
  const folder = temporaryFolder('whence-run-');
  const checkpoints = path.join(folder, checkpointsFolderName);
  makeFolder(checkpoints);
  const { stateNames } = createOptimizer(recipe.optimizer);
  const state = initialState(new Map([...values].map(([name, data]) => [name, data.slice()])), recipe.optimizer);
  const computer = createStepComputer(context);
  const recorded: RunRecord['steps'] = [];
  await runSteps(context, computer, steps, state, async (step) => {
    recorded.push({ ...step, rows: [...step.rows] });
    if (state.step % 2 === 0) await writeCheckpoint(checkpoints, state, trainable, stateNames, 'all');
  });
  await computer.release();
  const nothing = '0'.repeat(64);
  const record: RunRecord = {
    schema: 'whence.run/1',
    status: 'complete',
    recipe,
    model: { path: 'llama', hash: nothing },
    startedFrom: null,
    data: [],
    versions: { whence: '0', node: '0', onnxruntime: '0' },
    device: { name: 'cpu', threads: context.threads, processor: 'any' },
    shapes: context.shapes.map((shape) => ({ ...shape })),
    lora: trainable.lora.map((shape) => ({ ...shape })),
    trainedParameters: countElements(trainable),
    totalSteps: steps.length,
    rows: { file: 'rows.safetensors', sha256: nothing },
    initial: null,
    checkpoints: [...listCheckpoints(checkpoints)],
    finalValues: hashValues(state.values, trainable),
    steps: recorded,
  };
  return { run: { folder, record, rows: context.rows, steps, trainable, values }, finalValues: state.values };
}

export interface QueryLosses {
  /** Summed loss of each query. */
  readonly losses: readonly number[];
  /** Its gradient with respect to the trained tensors. */
  readonly gradients: readonly ParameterValues[];
}

export async function queryLosses(
  model: TinyModel,
  trainable: Trainable,
  values: ParameterValues,
): Promise<QueryLosses> {
  return rowLosses(model, trainable, values, readFixtureRows().queries);
}

/** Summed loss of each row with its gradients, one row at a time. */
export async function rowLosses(
  model: TinyModel,
  trainable: Trainable,
  values: ParameterValues,
  rows: readonly TrainingRow[],
): Promise<QueryLosses> {
  const batches = rows.map(({ number }) => [number]);
  const recipe = recordedRecipe(trainable.method, { batches, batchSize: 1, lossReduction: 'rowSum' });
  const { context, steps } = setup(model, trainable, recipe, rows, () => 1);
  const scorer = createStepComputer(context);
  const losses: number[] = [];
  const gradients: ParameterValues[] = [];
  for (const step of steps) {
    const result = await scorer.compute(step, values);
    losses.push(result.loss);
    gradients.push(result.gradients);
  }
  await scorer.release();
  return { losses, gradients };
}
