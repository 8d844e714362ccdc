import path from 'node:path';
import { inputError } from '../../protocol/errors';
import type { TrainStep } from '../../protocol/requests';
import type { Activations } from './buildTrainingStep';
import { createStepComputer, type StepContext } from './computeStep';
import type { PlannedStep } from './planSteps';
import { checkpointsFolderName, hashValues, readInitial } from './record/checkpoints';
import { readRows } from './record/rowsFile';
import { type RunRecord, readRunRecord } from './record/runRecord';
import { initialState, runSteps, type TrainingState } from './runSteps';
import { loraTensorOrder, type ParameterValues, type Trainable } from './trainable';
import { readModelValues, type TrainingModel, trainableModel } from './trainingModel';
import type { TrainingRow } from './trainingRow';

/** A recorded run, read and checked: everything that a replay computes with. */
export interface RecordedRun {
  /** Where the record lies, its checkpoints with it. */
  readonly folder: string;
  readonly record: RunRecord;
  /** By number; only what the steps use is trained on. */
  readonly rows: ReadonlyMap<number, TrainingRow>;
  readonly steps: readonly PlannedStep[];
  readonly trainable: Trainable;
  /** Before the first step; not shared, a replay may change them. */
  readonly values: ParameterValues;
}

/**
 * Opens a recorded run from its folder alone; data files are not looked at.
 *
 * @param model the base model; its hash must be that of the record
 * @throws UserError `record-missing`, `record-damaged`, `run-unfinished`, `run-other-model`
 */
export async function openRun(runFolder: string, model: TrainingModel): Promise<RecordedRun> {
  const record = readRunRecord(runFolder);
  if (record.status !== 'complete')
    throw inputError(
      'run-unfinished',
      `${runFolder} records a run that has not ended.`,
      'Resume it with the same whence train command.',
    );
  if (record.model.hash !== model.hash)
    throw inputError(
      'run-other-model',
      `${runFolder} was trained from ${record.model.path}, whose content differs from ${model.checkpoint.path}.`,
      'Name the base model that the run started from.',
    );
  const rows = await readRows(
    runFolder,
    record.rows,
    record.data.map(({ file }) => file),
  );
  const start = await recordedStart(runFolder, record, model);
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  const missing = record.steps.flatMap((step) => step.rows).find((number) => !byNumber.has(number));
  if (missing !== undefined)
    throw inputError(
      'record-damaged',
      `${runFolder}: a step trains row ${missing}, which is not recorded.`,
      'Restore the folder from a copy, or train again.',
    );
  const steps = record.steps.map(({ step, lr, rows: numbers }) => ({ step, learningRate: lr, rows: numbers }));
  return { folder: runFolder, record, rows: byNumber, steps, ...start };
}

async function recordedStart(
  runFolder: string,
  { initial, lora }: RunRecord,
  model: TrainingModel,
): Promise<{ readonly trainable: Trainable; readonly values: ParameterValues }> {
  if (initial === null) return { trainable: trainableModel(model.config), values: await readModelValues(model) };
  const { values, shapes } = await readInitial(path.join(runFolder, checkpointsFolderName), initial);
  const names = loraTensorOrder(lora, values.keys());
  const absent = names.find((name) => !values.has(name));
  if (absent !== undefined)
    throw inputError(
      'record-damaged',
      `${runFolder} records no start of ${absent}.`,
      'Restore the folder from a copy, or train again.',
    );
  return {
    trainable: { method: 'lora', lora, shapes: new Map(names.map((name) => [name, shapes.get(name)!])) },
    values: new Map(names.map((name) => [name, values.get(name)!])),
  };
}

export interface Replay {
  readonly state: TrainingState;
  /** `same` where values at the end equal those of the recorded run, bit for bit. */
  readonly bits: 'same' | 'different';
}

/** Trains a recorded run again and again in the same sessions. */
export interface Replayer {
  /**
   * Step by step as it was, on the device and threads that the run names.
   *
   * @param rowFactor factor on a row's loss, in place: 1 for every row repeats the run, 0 removes a row
   */
  replay(
    rowFactor: StepContext['rowFactor'],
    afterStep: (step: TrainStep, state: TrainingState) => Promise<void>,
  ): Promise<Replay>;
  /** Frees the sessions. */
  release(): Promise<void>;
}

/** @param activations `recomputed` needs less memory and gives the same bits */
export function openReplayer(
  run: RecordedRun,
  model: Pick<TrainingModel, 'config' | 'weights'>,
  activations: Activations,
): Replayer {
  const { record, rows, steps, trainable, values } = run;
  const { recipe, shapes } = record;
  let factorNow: StepContext['rowFactor'] = () => 1;
  const computer = createStepComputer({
    config: model.config,
    weights: model.weights,
    trainable,
    recipe,
    rows,
    shapes,
    device: record.device.name,
    threads: record.device.threads,
    activations,
    rowFactor: (row) => factorNow(row),
  });
  return {
    replay: async (rowFactor, afterStep) => {
      factorNow = rowFactor;
      const state = initialState(new Map([...values].map(([name, data]) => [name, data.slice()])), recipe.optimizer);
      await runSteps({ rows, recipe }, computer, steps, state, afterStep);
      return { state, bits: hashValues(state.values, trainable) === record.finalValues ? 'same' : 'different' };
    },
    release: () => computer.release(),
  };
}

/** Trains a recorded run again, once. See {@link Replayer}. */
export async function replayRun(
  run: RecordedRun,
  model: Pick<TrainingModel, 'config' | 'weights'>,
  activations: Activations,
  rowFactor: StepContext['rowFactor'],
  afterStep: (step: TrainStep, state: TrainingState) => Promise<void>,
): Promise<Replay> {
  const replayer = openReplayer(run, model, activations);
  try {
    return await replayer.replay(rowFactor, afterStep);
  } finally {
    await replayer.release();
  }
}
