import type {
  AttributionPlace,
  AttributionRow,
  AttributionSettings,
  RunSource,
} from '../analyses/influence/attribution';
import { type Attribution, openAttribution } from '../analyses/influence/attribution';
import { type LoadedRow, loadRows, type RowContext } from '../analyses/rows/loadRows';
import { hashValues } from '../analyses/training/record/checkpoints';
import { readRows } from '../analyses/training/record/rowsFile';
import { type RunRecord, readRunRecord } from '../analyses/training/record/runRecord';
import { openRun } from '../analyses/training/replayRun';
import { trainableLora } from '../analyses/training/trainable';
import { readModelValues, trainableModel } from '../analyses/training/trainingModel';
import type { RowProblem } from '../data/types';
import type { TrackedKind } from '../model/buildModuleSides';
import { hashAdapted } from '../model/checkpoint/hashAdapted';
import type { LanguageModel } from '../model/openLanguageModel';
import { parameterShapes } from '../model/parameterShapes';
import { inputError } from '../protocol/errors';
import type { Coverage, Evidence, InfluenceSubject } from '../protocol/influence';
import type { DataProblem, ModelIdentity, Warning } from '../protocol/requests';
import { openArtifacts } from '../store/artifacts';
import { openVectorIndex } from '../store/openVectorIndex';
import { defaultStoreSettings } from '../store/storeFolder';
import { plainText } from '../text/rows/plainText';
import { threadsOf } from './deviceVerdicts';
import type { JobContext } from './jobContext';
import { dataProblem } from './jobs/score';
import { identify, type LoadedModel, loadModel, rowContext } from './loadModel';

/** What influence jobs work on, opened. */
export interface OpenSubject {
  readonly identity: ModelIdentity;
  readonly tuned: LoadedModel;
  readonly base: LoadedModel | undefined;
  readonly record: RunRecord | undefined;
  readonly attribution: Attribution;
  /** Of the attribution among what is resident: its model, settings and rows. */
  readonly key: string;
  /** How rows and queries are encoded: as the run did. */
  readonly encoding: RowContext;
  readonly evidence: Evidence;
  readonly coverage: Coverage;
  /** Encoding hashes of the rows that the run trained on; undefined: not known. */
  readonly trainedOn: ReadonlySet<string> | undefined;
  readonly problems: readonly DataProblem[];
  readonly warnings: readonly Warning[];
  /** The model and places, with base values in place of tuned ones. */
  readonly basePlace: AttributionPlace | undefined;
}

/** Settings of estimators that are not part of the index. */
export type EstimatorSettings = Pick<AttributionSettings, 'damping' | 'labels'> & { readonly layer: number | null };

/** Tokens of a row where neither the request nor a recorded run says. */
export const defaultMaxLength = 2048;

/**
 * Opens the model, its base, its recorded run and the rows of an influence job. The attribution stays resident: the next
 * job on the same subject finds what this one computed.
 */
export async function openSubject(
  subject: InfluenceSubject,
  settings: EstimatorSettings,
  context: JobContext,
): Promise<OpenSubject> {
  const { compute, index } = subject;
  const tuned = await loadModel(subject.model, compute, context);
  const base = subject.base === undefined ? undefined : await loadModel(subject.base, compute, context);
  const identity = await identify(tuned.model, compute);
  const { device } = await context.device(compute);
  const record = subject.run === undefined ? undefined : readRunRecord(subject.run);
  const maxLength = index.maxLength ?? record?.recipe.maxLength ?? defaultMaxLength;
  const encoding = rowContext(tuned.model, maxLength);
  const { rows, problems } = await readAttributionRows(subject, encoding);
  const tracked = trackedKind(tuned.model, subject);
  // What is resident tells of its work to the job that is running, not to the one that made it.
  const heard = { by: context };
  const place: AttributionPlace = {
    model: tuned.model,
    weights: tuned.weights,
    place: { device, threads: threadsOf(compute) },
    sessions: context.sessions,
    modelHash: hashAdapted(identity.hash, tuned.model.adapter),
    ...(await storeOf(subject, { log: (level, text) => heard.by.log(level, text) })),
    run: await runOf(subject, record, tuned, identity, base),
    onProgress: (stage, done, total, unit) => heard.by.progress({ stage, done, total, unit }),
  };
  const layers = tuned.model.config.layers.length;
  const attributionSettings: AttributionSettings = {
    tracked,
    element: index.element,
    batchSize: index.batchSize,
    seed: index.seed,
    labels: settings.labels,
    damping: settings.damping,
    layers: settings.layer === null ? kindLayers(layers) : [checkedLayer(settings.layer, layers)],
    dimensions: index.dimensions,
  };
  const key = JSON.stringify([
    place.modelHash,
    subject.storeFolder,
    subject.run,
    attributionSettings,
    rows.map(({ encodingHash }) => encodingHash),
  ]);
  const resident = await context.residents.get({
    kind: 'attribution',
    key,
    make: async () => ({ attribution: openAttribution(rows, attributionSettings, place), heard }),
    release: ({ attribution: opened }) => opened.release(),
  });
  resident.heard.by = context;
  const { attribution } = resident;
  const trainedOn = record === undefined ? undefined : await hashesOf(subject.run!, record);
  return {
    identity,
    tuned,
    base,
    record,
    attribution,
    key,
    encoding,
    evidence: place.run?.evidence ?? 'finalWeights',
    coverage: coverageOf(tuned.model, attribution, record),
    trainedOn,
    problems: problems.map(dataProblem),
    warnings: [...tuned.model.warnings],
    basePlace: base === undefined ? undefined : { ...place, model: base.model, weights: base.weights },
  };
}

/** The store of a job; what is damaged there is told of and counts as missing. */
export async function storeOf(
  { storeFolder, storeBudget }: Pick<InfluenceSubject, 'storeFolder' | 'storeBudget'>,
  context: Pick<JobContext, 'log'>,
) {
  const settings = { ...defaultStoreSettings, budgetBytes: storeBudget };
  const artifacts = await openArtifacts(storeFolder, settings, (problem) => context.log('warning', problem.message));
  return {
    artifacts,
    openIndex: (description: Parameters<typeof openVectorIndex>[1]) =>
      openVectorIndex(storeFolder, description, { ...settings, assignment: undefined }),
  };
}

async function readAttributionRows(
  { data }: InfluenceSubject,
  encoding: RowContext,
): Promise<{ readonly rows: AttributionRow[]; readonly problems: readonly RowProblem[] }> {
  const rows: AttributionRow[] = [];
  const problems: RowProblem[] = [];
  for (const source of data) {
    for await (const batch of loadRows(source, encoding)) {
      problems.push(...batch.problems);
      rows.push(...batch.rows.map(attributionRow));
    }
  }
  if (rows.length > 0) return { rows, problems };
  const first = problems[0];
  throw inputError(
    'nothing-to-trace',
    `No row of ${data.map(({ label }) => label).join(', ')} can be traced to.${first === undefined ? '' : ` ${first.message}`}`,
    first?.next ?? 'Give a data file with rows.',
  );
}

function attributionRow({ address, hash, example, encoded }: LoadedRow): AttributionRow {
  if (example.kind === 'preference')
    throw inputError(
      'preference-rows-unsupported',
      `${address.file} holds preference rows (row ${address.row}), whose loss is that of their trainer; they are not scored as plain text.`,
      'Trace to rows of plain fine-tuning.',
    );
  const { ids, labels, weight, encodingHash } = encoded;
  return { address, hash, example, plain: plainText(example), ids, labels, weight, encodingHash };
}

function trackedKind({ adapter, label }: LanguageModel, { index }: InfluenceSubject): TrackedKind {
  switch (index.modules) {
    case 'default':
      return adapter === undefined ? 'linear' : 'adapter';
    case 'adapter':
      if (adapter !== undefined) return 'adapter';
      throw inputError('no-adapter', `${label} has no adapter to track.`, 'Use --modules linear.');
    case 'linear':
    case 'all':
      return 'linear';
  }
}

/** A quarter, half and three quarters up: what is said lies lower, how it is said higher, and no one layer has both. */
function kindLayers(layers: number): number[] {
  return [...new Set([1, 2, 3].map((quarter) => Math.floor((quarter * layers) / 4)))];
}

function checkedLayer(layer: number, layers: number): number {
  if (layer < layers) return layer;
  throw inputError(
    'layer-missing',
    `The model has no layer ${layer}.`,
    `Give --layer a number from 0 to ${layers - 1}.`,
  );
}

async function hashesOf(runFolder: string, record: RunRecord): Promise<ReadonlySet<string>> {
  const rows = await readRows(
    runFolder,
    record.rows,
    record.data.map(({ file }) => file),
  );
  return new Set(rows.map(({ encoded }) => encoded.encodingHash));
}

/** The run with the model that it started from: the one under the adapter, or the base of a full fine-tune. */
async function runOf(
  subject: InfluenceSubject,
  record: RunRecord | undefined,
  tuned: LoadedModel,
  identity: ModelIdentity,
  base: LoadedModel | undefined,
): Promise<RunSource | undefined> {
  const { run, compute } = subject;
  if (run === undefined || record === undefined) return undefined;
  return {
    evidence: await evidenceOf(tuned, record),
    open: async () => {
      const started = tuned.model.adapter === undefined ? base : tuned;
      if (started === undefined)
        throw inputError(
          'base-needed',
          `${run} trained every parameter, and the model that it started from is not known.`,
          'Name the base model with --base, or `base` of the model in whence.json.',
        );
      const { model, weights } = started;
      const { checkpoint, config } = model;
      const hash = started === tuned ? identity.hash : (await identify(model, compute)).hash;
      const training = { checkpoint, config, weights, hash, reference: checkpoint.path };
      return { run: await openRun(run, training), model: training };
    },
  };
}

/** `replayed` only where the values at hand are those that the record ends with. */
async function evidenceOf({ model, weights }: LoadedModel, record: RunRecord): Promise<Evidence> {
  const { adapter, config } = model;
  const { trainable, values } =
    adapter === undefined
      ? { trainable: trainableModel(config), values: await readModelValues({ config, weights }) }
      : trainableLora(adapter.modules.values(), adapter.replaced);
  return hashValues(values, trainable) === record.finalValues ? 'replayed' : 'surrogate';
}

function coverageOf(model: LanguageModel, { columns }: Attribution, record: RunRecord | undefined): Coverage {
  const trained = record?.trainedParameters ?? trainedParameters(model);
  const tracked = columns.width;
  return { trained, tracked, share: tracked / trained, modules: columns.list.map(({ name }) => name) };
}

/** What a fine-tune of this kind trains: the adapter's values, or every parameter. */
function trainedParameters({ config, adapter }: LanguageModel): number {
  if (adapter !== undefined) {
    const factors = [...adapter.modules.values()].reduce((sum, { a, b }) => sum + a.data.length + b.data.length, 0);
    const replaced = [...adapter.replaced].filter(([name]) => !adapter.carried.has(name));
    return replaced.reduce((sum, [, { data }]) => sum + data.length, factors);
  }
  const shapes = parameterShapes(config);
  return [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
}
