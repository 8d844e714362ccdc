import type { EncodedQuery } from '../analyses/measuring/encodeQuery';
import type { Activations } from '../analyses/training/buildTrainingStep';
import { totalMemory, trainingMemoryParts } from '../analyses/training/estimateTrainingMemory';
import { openRun, type RecordedRun } from '../analyses/training/replayRun';
import { type Experiment, type Measured, openExperiment } from '../analyses/verifying/experiment';
import { matchRows } from '../analyses/verifying/matchRows';
import { createQueryMeter, type MeterContext, meterMemory } from '../analyses/verifying/queryMeter';
import { openRetrainer, type Retrainer } from '../analyses/verifying/retrainer';
import { changeHash, type RowChange, unchanged } from '../analyses/verifying/rowChange';
import { inputError, UserError } from '../protocol/errors';
import type { DataProblem, Warning } from '../protocol/requests';
import type { RetrainingCost, RetrainingSubject } from '../protocol/verification';
import { engineBaselineBytes } from './checkMemory';
import { javaScriptMemory } from './javaScriptMemory';
import type { JobContext } from './jobContext';
import { identify, type LoadedModel, loadModel } from './loadModel';
import { type OpenSubject, openSubject } from './openSubject';
import { readQuerySource } from './readQuerySource';
import { type ScoreSource, scoreSource } from './scoreSource';

/** A recorded run ready to be trained again, with the queries that are measured after it. */
export interface Laboratory {
  readonly subject: OpenSubject;
  readonly base: LoadedModel;
  readonly run: RecordedRun;
  readonly queries: readonly EncodedQuery[];
  /** Of each row of the data, its number in the run; undefined: not trained on. */
  readonly numbers: readonly (number | undefined)[];
  readonly retrainer: Retrainer;
  readonly experiment: Experiment;
  readonly scores: ScoreSource;
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
  /** What measuring these changes will take. Makes the first retraining if its time is not known. */
  predictCost(changes: readonly RowChange[]): Promise<RetrainingCost>;
  /** Measures every change, in order; equal ones once. */
  measureAll(changes: readonly RowChange[]): Promise<readonly Measured[]>;
  release(): Promise<void>;
}

/** Rows of one pass of measuring. */
const meterBatch = 16;

/**
 * @throws UserError `run-missing` where no recorded run is known: what removing rows does can only be seen by training
 *   again as it was
 */
export async function openLaboratory(request: RetrainingSubject, context: JobContext): Promise<Laboratory> {
  const { run: runFolder, compute } = request;
  if (runFolder === undefined)
    throw inputError(
      'run-missing',
      `No recorded run of ${request.model.label} is known, so it cannot be trained again.`,
      'Name its "run" in whence.json, give --run with the whence-run folder, or train it with whence train.',
    );
  const settings = { damping: request.damping, labels: 'sampled', layer: request.layer } as const;
  const subject = await openSubject(request, settings, context);
  const base = await loadModel(baseSource(request), compute, context);
  const { hash } = await identify(base.model, compute);
  const model = {
    checkpoint: base.model.checkpoint,
    config: base.model.config,
    weights: base.weights,
    hash,
    reference: base.model.checkpoint.path,
  };
  const run = await openRun(runFolder, model);
  const { queries, problems } = await readQuerySource(request.queries, subject);
  const { attribution } = subject;
  const meterContext: MeterContext = {
    config: model.config,
    weights: model.weights,
    trainable: run.trainable,
    place: { device: run.record.device.name, threads: run.record.device.threads },
    batchSize: meterBatch,
  };
  const others =
    meterMemory(queries, meterContext) + attribution.rows.length * attribution.columns.width * 4 + javaScriptMemory();
  const { activations, bytes } = announceMemory(run, model.config, others, context);
  const { artifacts } = attribution.place;
  const clock = (): number => performance.now();
  const retrainer = openRetrainer({ run, model, activations, artifacts, clock });
  const meter = createQueryMeter(queries, meterContext);
  const experiment = openExperiment(queries, meter, retrainer, run.record, artifacts);

  const measureAll = async (changes: readonly RowChange[]): Promise<readonly Measured[]> => {
    // Scores are had by now; their sessions make room for those of training.
    await context.sessions.releaseAll();
    const waiting = await unknownOf(changes, experiment);
    const total = waiting.reduce((sum, change) => sum + retrainer.stepsOf(change), 0);
    let done = 0;
    let trained = 0;
    const report = (): void =>
      context.progress({
        stage: 'retraining',
        done,
        total,
        unit: 'steps',
        note: `${trained} of ${waiting.length} retrainings done`,
      });
    const found: Measured[] = [];
    for (const change of changes) {
      const measured = await experiment.measure(change, () => {
        done += 1;
        report();
      });
      if (measured.source === 'computed') trained += 1;
      found.push(measured);
    }
    return found;
  };

  return {
    subject,
    base,
    run,
    queries,
    numbers: matchRows(attribution.rows, run.rows),
    retrainer,
    experiment,
    scores: scoreSource(subject),
    problems: [...subject.problems, ...problems],
    warnings: [...subject.warnings, ...evidenceWarnings(subject)],
    measureAll,
    async predictCost(changes) {
      const before = await unknownOf(changes, experiment);
      const [first] = before.length === 0 ? [] : await measureAll([unchanged]);
      const waiting = await unknownOf(changes, experiment);
      const distinct = distinctChanges(changes).length;
      const secondsEach = first?.seconds ?? null;
      return {
        retrainings: distinct,
        known: distinct - waiting.length,
        secondsEach,
        seconds: waiting.length === 0 ? 0 : secondsEach === null ? null : waiting.length * secondsEach,
        diskBytes: waiting.length * retrainer.storedBytes,
        memoryBytes: engineBaselineBytes + bytes,
      };
    },
    release: async () => {
      await retrainer.release();
      await meter.release();
    },
  };
}

function distinctChanges(changes: readonly RowChange[]): RowChange[] {
  return [...new Map(changes.map((change) => [changeHash(change), change])).values()];
}

/** Those changes that have to be trained, each once. */
async function unknownOf(changes: readonly RowChange[], experiment: Experiment): Promise<RowChange[]> {
  const waiting: RowChange[] = [];
  for (const change of distinctChanges(changes)) if (!(await experiment.isKnown(change))) waiting.push(change);
  return waiting;
}

/** What the run was trained from: the base that is named, or the model without its adapter. */
function baseSource({ base, model }: RetrainingSubject) {
  return base ?? { ...model, adapter: undefined };
}

function announceMemory(
  { record, trainable }: RecordedRun,
  config: Parameters<typeof trainingMemoryParts>[0],
  others: number,
  context: JobContext,
): { readonly activations: Activations; readonly bytes: number } {
  const announce = (activations: Activations): { readonly activations: Activations; readonly bytes: number } => {
    const bytes =
      totalMemory(trainingMemoryParts(config, trainable, record.recipe, record.shapes, activations)) + others;
    context.announceMemory({ bytes, alternatives: [] });
    return { activations, bytes };
  };
  try {
    return announce('held');
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'memory-too-small') throw error;
    return announce('recomputed');
  }
}

function evidenceWarnings({ evidence }: OpenSubject): Warning[] {
  if (evidence === 'replayed') return [];
  const message =
    'The model is not what the recorded run ended in: scores are of the model, changes are of the run trained again.';
  return [{ code: 'run-other-end', message }];
}

/** Where a replay with every row ends in other bits than recorded, e.g. on another processor. */
export function replayWarnings({ bits }: Measured): Warning[] {
  if (bits === 'same') return [];
  const message =
    'Trained again with every row, the run does not end in its recorded values bit for bit on this machine; changes are measured against the run as trained here.';
  return [{ code: 'replay-differs', message }];
}
