import type { JsonObject } from '../../protocol/json';
import type { Artifact, Artifacts } from '../../store/artifacts';
import type { Activations } from '../training/buildTrainingStep';
import { createStepComputer } from '../training/computeStep';
import { hashValues } from '../training/record/checkpoints';
import { openReplayer, type RecordedRun, type Replay } from '../training/replayRun';
import { initialState, runSteps } from '../training/runSteps';
import { planShapesOf } from '../training/startTraining';
import type { ParameterValues } from '../training/trainable';
import type { TrainingModel } from '../training/trainingModel';
import { reshuffledSteps } from './reshuffledSteps';
import { changeHash, type RowChange } from './rowChange';
import { runIdentity } from './runIdentity';

/** The end of a retraining. */
export interface Retraining {
  readonly values: ParameterValues;
  /** Whether these are the recorded run's final values, bit for bit. */
  readonly bits: Replay['bits'];
  /** Of the retraining when it was computed. */
  readonly seconds: number;
  readonly source: 'computed' | 'store';
}

/** Trains a recorded run again with changes, in sessions that stay open between retrainings. */
export interface Retrainer {
  /** @param onStep called after every step that is computed now */
  retrain(change: RowChange, onStep: () => void): Promise<Retraining>;
  /** Steps that the change has. */
  stepsOf(change: RowChange): number;
  /** Whether `retrain` would only read; always false for full fine-tunes, whose values are not kept. */
  isStored(change: RowChange): Promise<boolean>;
  /** Bytes that the values of one retraining take in the store. */
  readonly storedBytes: number;
  release(): Promise<void>;
}

export interface RetrainerContext {
  readonly run: RecordedRun;
  /** The base model. */
  readonly model: Pick<TrainingModel, 'config' | 'weights'>;
  readonly activations: Activations;
  readonly artifacts: Artifacts;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
}

const artifactKind = 'retrained';

/** What a retraining is found by. */
export function retrainingKey(runId: string, change: RowChange): JsonObject {
  return { run: runId, change: changeHash(change) };
}

/** Values of adapters are kept in the store by content; those of full fine-tunes are too large and are not. */
export function openRetrainer({ run, model, activations, artifacts, clock }: RetrainerContext): Retrainer {
  const { trainable, record } = run;
  const runId = runIdentity(record);
  const replayer = openReplayer(run, model, activations);
  const kept = trainable.method === 'lora';
  const storedBytes = kept ? [...run.values.values()].reduce((sum, { byteLength }) => sum + byteLength, 0) : 0;

  const train = (change: RowChange, onStep: () => void): Promise<Replay> => {
    if (change.kind === 'reshuffled') return trainReshuffled({ run, model, activations }, change, onStep);
    return replayer.replay(
      (row) => change.factors.get(row) ?? 1,
      async () => onStep(),
    );
  };

  const fromStore = ({ tensors, metadata }: Artifact): Retraining => ({
    values: new Map([...run.values.keys()].map((name) => [name, tensors.get(name)!.data as Float32Array])),
    bits: metadata.bits === 'same' ? 'same' : 'different',
    seconds: Number(metadata.seconds),
    source: 'store',
  });

  return {
    storedBytes,
    stepsOf: (change) =>
      change.kind === 'inPlace' ? run.steps.length : reshuffledSteps(run, change.removed, change.seed).length,
    isStored: async (change) =>
      kept && (await artifacts.openArtifact(artifactKind, retrainingKey(runId, change))) !== undefined,
    async retrain(change, onStep) {
      const key = retrainingKey(runId, change);
      const known = kept ? await artifacts.readArtifact(artifactKind, key) : undefined;
      if (known !== undefined && fits(known, run.values)) return fromStore(known);
      const begun = clock();
      const { state, bits } = await train(change, onStep);
      const seconds = (clock() - begun) / 1000;
      if (kept) {
        const tensors = new Map(
          [...state.values].map(([name, data]) => [name, { shape: trainable.shapes.get(name)!, data }]),
        );
        await artifacts.writeArtifact(artifactKind, key, tensors, { bits, seconds });
      }
      return { values: state.values, bits, seconds, source: 'computed' };
    },
    release: () => replayer.release(),
  };
}

function fits({ tensors }: Artifact, values: ParameterValues): boolean {
  return [...values].every(([name, { length }]) => {
    const found = tensors.get(name)?.data;
    return found instanceof Float32Array && found.length === length;
  });
}

/** Its batches have other sizes, so it has sessions of its own. */
async function trainReshuffled(
  { run, model, activations }: Pick<RetrainerContext, 'run' | 'model' | 'activations'>,
  { removed, seed }: Extract<RowChange, { kind: 'reshuffled' }>,
  onStep: () => void,
): Promise<Replay> {
  const { record, rows, trainable, values } = run;
  const { recipe, device } = record;
  const steps = reshuffledSteps(run, removed, seed);
  const computer = createStepComputer({
    config: model.config,
    weights: model.weights,
    trainable,
    recipe,
    rows,
    shapes: planShapesOf(steps, rows, recipe.batchSize, model.config),
    device: device.name,
    threads: device.threads,
    activations,
    rowFactor: () => 1,
  });
  try {
    const state = initialState(new Map([...values].map(([name, data]) => [name, data.slice()])), recipe.optimizer);
    await runSteps({ rows, recipe }, computer, steps, state, async () => onStep());
    return { state, bits: hashValues(state.values, trainable) === record.finalValues ? 'same' : 'different' };
  } finally {
    await computer.release();
  }
}
