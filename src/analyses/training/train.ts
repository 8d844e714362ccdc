/**
 * training/ fine-tunes models: plans a run, computes its gradients, steps the optimiser, records everything that a
 * replay needs. It never reads data files or tokenizers (rows come encoded), never chooses a device, and holds no clock:
 * equal jobs give equal bits.
 */
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Recipe } from '../../data/recipe';
import { makeFolder } from '../../data/writeFile';
import type { LoraAdapter } from '../../model/checkpoint/types';
import { inputError, UserError } from '../../protocol/errors';
import type { DeviceName, TrainStep } from '../../protocol/requests';
import type { Activations } from './buildTrainingStep';
import { createStepComputer } from './computeStep';
import { estimateTrainingMemory, type TrainingMemory } from './estimateTrainingMemory';
import { createOptimizer } from './optimizer';
import { claim, discard, type OutputFolder, outputFolder, publish, release, stateOfOut, sweep } from './outputFolder';
import {
  checkpointInterval,
  checkpointsFolderName,
  hashValues,
  listCheckpoints,
  resume,
  writeCheckpoint,
  writeInitial,
} from './record/checkpoints';
import { filesOf, rowTensors, writeRows } from './record/rowsFile';
import { type RunRecord, readRunRecord, runFolderName, writeRunRecord } from './record/runRecord';
import { contentHash } from './record/tensorFile';
import { initialState, runSteps, type TrainingState, trainStep } from './runSteps';
import { planTraining, startTraining, type TrainingPlan, type TrainingStart } from './startTraining';
import { countElements, type ParameterValues, type Trainable } from './trainable';
import type { TrainingModel } from './trainingModel';
import type { TrainingRow } from './trainingRow';
import { writeResult } from './writeResult';

export interface TrainingJob {
  readonly model: TrainingModel;
  /** Every row that could be read, with or without a trained token, in the order of files and rows. */
  readonly rows: readonly TrainingRow[];
  readonly recipe: Recipe;
  /** The adapter that `recipe.lora.init` names, read; undefined where it names none. */
  readonly initialAdapter: LoraAdapter | undefined;
  /** Folder of the result. */
  readonly out: string;
  readonly device: DeviceName;
  readonly threads: number;
  readonly versions: { readonly whence: string; readonly onnxruntime: string };
  /** Bytes that all checkpoints of the run may take together; beyond, only the newest is kept. */
  readonly checkpointBudget: number;
  /**
   * Told what the run will hold at its peak, before it takes it.
   *
   * @throws UserError `memory-too-small` where the machine has not that much; training then asks for less, once
   */
  readonly announceMemory: (memory: TrainingMemory) => void;
}

export interface TrainingProgress {
  readonly step: TrainStep;
  readonly totalSteps: number;
}

export interface TrainingOutcome {
  readonly out: string;
  /** The recorded run. */
  readonly run: string;
  readonly steps: readonly TrainStep[];
  /** Steps that an earlier, interrupted run had done already; all of them where the result was there. */
  readonly resumedAt: number;
  /** Rows without a trained token: they were skipped. */
  readonly skipped: readonly TrainingRow[];
}

/** Default of `checkpointBudget`: that of the store. */
export const defaultCheckpointBudget = 5e9;

/**
 * Trains and writes the result folder with its recorded run. Interrupted at any moment, the same job goes on from the
 * last checkpoint and ends in the same bits.
 *
 * @param onStep called after every step computed now (not for steps that a resumed run had done)
 * @throws UserError `out-exists`, `unfinished-run-differs`, `training-in-progress`, `training-diverged`, and those of
 *   planning
 */
export async function train(job: TrainingJob, onStep: (progress: TrainingProgress) => void): Promise<TrainingOutcome> {
  const folder = outputFolder(job.out);
  const plan = planTraining(job.rows, job.recipe, job.model.config);
  const start = startTraining(job.model, job.recipe, job.initialAdapter);
  const record = newRecord(job, plan, start);
  const skipped = job.rows.filter(({ number }) => !plan.rows.has(number));
  const outcome = (steps: readonly TrainStep[], resumedAt: number): TrainingOutcome => ({
    out: folder.out,
    run: path.join(folder.out, runFolderName),
    steps,
    resumedAt,
    skipped,
  });

  if (stateOfOut(folder) === 'taken') {
    const { steps } = finishedRun(folder, record);
    return outcome(steps, steps.length);
  }
  const activations = chooseActivations(job, plan, start);
  claim(folder);
  sweep(folder);
  let begun: 'now' | 'earlier' = 'earlier';
  try {
    const known = unfinishedRun(folder, record);
    if (known?.status === 'complete') {
      publish(folder);
      return outcome(known.steps, known.steps.length);
    }
    const values = await start.values();
    if (known === undefined) {
      begun = 'now';
      await begin(folder, job, start.trainable, values, record);
    }
    const { state, resumedAt } = await runToEnd(folder, job, plan, start.trainable, values, activations, onStep);
    const steps = plan.steps.map((step, index) => trainStep(step, state.losses[index]!, state.gradientNorms[index]!));
    await writeResult(folder.partial, job.model, job.recipe, start.trainable, state.values, job.initialAdapter);
    const runFolder = path.join(folder.partial, runFolderName);
    await writeRunRecord(runFolder, {
      ...record,
      status: 'complete',
      initial: readRunRecord(runFolder).initial,
      checkpoints: [...listCheckpoints(path.join(runFolder, checkpointsFolderName))],
      finalValues: hashValues(state.values, start.trainable),
      steps: steps.map((step) => ({ ...step, rows: [...step.rows] })),
    });
    publish(folder);
    return outcome(steps, resumedAt);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A run that fails by its input fails again: where no step is kept, nothing could go on from what it left.
    const done = listCheckpoints(path.join(folder.partial, runFolderName, checkpointsFolderName)).length;
    if (error.code === 'training-diverged' || (begun === 'now' && done === 0)) discard(folder);
    else release(folder);
    throw error;
  }
}

async function runToEnd(
  folder: OutputFolder,
  job: TrainingJob,
  plan: TrainingPlan,
  trainable: Trainable,
  values: ParameterValues,
  activations: Activations,
  onStep: (progress: TrainingProgress) => void,
): Promise<{ readonly state: TrainingState; readonly resumedAt: number }> {
  const { recipe, model, device, threads, checkpointBudget } = job;
  const { rows, shapes, steps } = plan;
  const { stateNames } = createOptimizer(recipe.optimizer);
  const checkpoints = path.join(folder.partial, runFolderName, checkpointsFolderName);
  const state = initialState(values, recipe.optimizer);
  await resume(checkpoints, state, stateNames);
  const resumedAt = state.step;

  const interval = checkpointInterval(steps.length);
  const bytes = (steps.length / interval) * countElements(trainable) * 4 * (1 + stateNames.length);
  const keep = bytes <= checkpointBudget ? 'all' : 'last';
  const computer = createStepComputer({
    config: model.config,
    weights: model.weights,
    trainable,
    recipe,
    rows,
    shapes,
    device,
    threads,
    activations,
    rowFactor: () => 1,
  });
  try {
    await runSteps({ rows, recipe }, computer, steps, state, async (step) => {
      if (state.step % interval === 0 && state.step < steps.length)
        await writeCheckpoint(checkpoints, state, trainable, stateNames, keep);
      onStep({ step, totalSteps: steps.length });
    });
  } finally {
    await computer.release();
  }
  return { state, resumedAt };
}

/** Holds the forward pass where it fits, else computes it again: the same bits either way. */
function chooseActivations(job: TrainingJob, plan: TrainingPlan, { trainable }: TrainingStart): Activations {
  const estimate = (activations: Activations): TrainingMemory =>
    estimateTrainingMemory(job.model.config, trainable, job.recipe, plan, activations);
  try {
    job.announceMemory(estimate('held'));
    return 'held';
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'memory-too-small') throw error;
    job.announceMemory(estimate('recomputed'));
    return 'recomputed';
  }
}

/** The record of a run before its first step: all that must be equal for an interrupted run to go on. */
function newRecord(job: TrainingJob, plan: TrainingPlan, start: TrainingStart): RunRecord {
  const { model, rows, recipe, versions, device, threads } = job;
  return {
    schema: 'whence.run/1',
    status: 'running',
    recipe,
    model: { path: model.checkpoint.path, hash: model.hash },
    startedFrom: start.adapterHash ?? null,
    data: filesOf(rows).map((file) => {
      const own = rows.filter((row) => row.file === file);
      const sha256 = createHash('sha256')
        .update(own.map(({ hash }) => hash).join('\n'))
        .digest('hex');
      return { file, rows: own.length, sha256 };
    }),
    versions: { ...versions, node: process.versions.node },
    device: { name: device, threads, processor: os.cpus()[0]?.model ?? 'unknown' },
    shapes: plan.shapes.map((shape) => ({ ...shape })),
    lora: start.trainable.lora.map((shape) => ({ ...shape })),
    trainedParameters: countElements(start.trainable),
    totalSteps: plan.steps.length,
    rows: { file: 'rows.safetensors', sha256: contentHash(rowTensors(rows)) },
    initial: null,
    checkpoints: [],
    finalValues: null,
    steps: [],
  };
}

async function begin(
  folder: OutputFolder,
  job: TrainingJob,
  trainable: Trainable,
  values: ParameterValues,
  record: RunRecord,
): Promise<void> {
  const runFolder = path.join(folder.partial, runFolderName);
  const checkpoints = path.join(runFolder, checkpointsFolderName);
  // What a start left that was interrupted before its record was whole.
  rmSync(runFolder, { recursive: true, force: true });
  makeFolder(checkpoints);
  await writeRows(runFolder, job.rows);
  const initial = trainable.method === 'lora' ? await writeInitial(checkpoints, values, trainable) : null;
  await writeRunRecord(runFolder, { ...record, initial });
}

/** What two runs must share to be one, and what messages call it. */
const identity = {
  recipe: 'recipe',
  model: 'base model',
  startedFrom: 'starting adapter',
  rows: 'data',
  versions: 'versions of the software',
  device: 'device or number of threads',
  shapes: 'batch shapes',
  lora: 'adapted modules',
} as const satisfies Partial<Record<keyof RunRecord, string>>;

/** Words for what differs, empty where nothing does. */
function differences(a: RunRecord, b: RunRecord): string {
  const same = (key: keyof typeof identity): boolean =>
    JSON.stringify(sorted(a[key])) === JSON.stringify(sorted(b[key]));
  const keys = Object.keys(identity) as (keyof typeof identity)[];
  return keys
    .filter((key) => !same(key))
    .map((key) => identity[key])
    .join(', ');
}

/** Keys in order, so that equal values have equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]));
}

/** @throws UserError `out-exists` unless the folder holds the result of this very run */
function finishedRun({ out }: OutputFolder, record: RunRecord): RunRecord {
  const runFolder = path.join(out, runFolderName);
  const next = 'Name another folder with --out, or move this one away.';
  if (!existsSync(path.join(runFolder, 'run.json')))
    throw inputError('out-exists', `${out} is there already and holds no run of whence.`, next);
  const known = readRunRecord(runFolder);
  const different = differences(known, record);
  if (different !== '' || known.status !== 'complete')
    throw inputError('out-exists', `${out} holds the result of another run; not the same: ${different}.`, next);
  return known;
}

/** The interrupted run in the partial folder, if it is this one. */
function unfinishedRun({ out, partial }: OutputFolder, record: RunRecord): RunRecord | undefined {
  const runFolder = path.join(partial, runFolderName);
  if (!existsSync(path.join(runFolder, 'run.json'))) return undefined;
  const known = readRunRecord(runFolder);
  const different = differences(known, record);
  if (different === '') return known;
  throw inputError(
    'unfinished-run-differs',
    `${partial} holds an unfinished run for ${out}; not the same: ${different}.`,
    'Delete that folder to start anew, restore what changed to resume it, or name another folder with --out.',
  );
}
