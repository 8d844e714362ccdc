import type { Example, RowAddress } from '../../data/types';
import type { GramSolver } from '../../linalg/cholesky/createGramSolver';
import type { TrackedKind } from '../../model/buildModuleSides';
import { internalError } from '../../protocol/errors';
import type { Evidence } from '../../protocol/influence';
import type { Artifacts } from '../../store/artifacts';
import type { VectorIndex } from '../../store/openVectorIndex';
import type { VectorIndexDescription } from '../../store/vectorDescription';
import { type Bm25, type Bm25Settings, buildBm25 } from '../../text/lexical/bm25';
import { findNearDuplicates, nearDuplicateSettings } from '../../text/lexical/nearDuplicates';
import type { EncodedQuery } from '../measuring/encodeQuery';
import { type PassContext, planRowPasses } from '../passes/rowPasses';
import type { RecordedRun } from '../training/replayRun';
import type { TrainingModel } from '../training/trainingModel';
import { selfInfluence } from './estimators/kroneckerFactored';
import type { FactorKind } from './factors/covariances';
import type { FactorLabels, Factors } from './factors/factors';
import { fitFactors } from './factors/fitFactors';
import { createRotator, type Rotator } from './factors/rotator';
import { readFactors, writeFactors } from './factors/storedFactors';
import { type Columns, columnsOf } from './gradients/columns';
import type { GradientMatrix } from './gradients/gradientMatrix';
import { computeQueryGradients, type QueryGradients } from './gradients/queryGradients';
import { scannedGradients, scannerBytes } from './gradients/scannedGradients';
import {
  gradientIndexDescription,
  type IndexedRow,
  indexRowGradients,
  storedGradients,
} from './gradients/storedGradients';
import { streamedGradients } from './gradients/streamedGradients';
import { groupRows } from './kinds/groupRows';
import { createKindSpace, type KindSpace } from './kinds/kindSpace';
import { projectColumns } from './projected/projectColumns';
import { createProjectedSolver } from './projected/projectedSolver';
import { computeRowStates, kindStates, stateWidth } from './states/rowStates';
import { indexRowStates, stateIndexDescription } from './states/storedStates';

/** A row that behaviours are traced to. */
export interface AttributionRow extends IndexedRow {
  readonly address: RowAddress;
  /** SHA-256 of the row's content. */
  readonly hash: string;
  /** Prompt and answer as a person reads them. */
  readonly plain: string;
  /** What the row means. */
  readonly example: Example;
}

export interface AttributionSettings {
  readonly tracked: TrackedKind;
  readonly element: 'float16' | 'float32';
  /** Rows of a pass; null: chosen within memory. */
  readonly batchSize: number | null;
  /** Of sampled labels and projections. */
  readonly seed: number;
  readonly labels: FactorLabels;
  /** Relative to the mean eigenvalue of each module. */
  readonly damping: number;
  /** 0-based layers whose states say what rows are like. */
  readonly layers: readonly number[];
  /** Of projected gradients, over all modules. */
  readonly dimensions: number;
}

/** The recorded run behind the model, for methods that go through it. */
export interface RunSource {
  /** Whether the model is the run's very end. */
  readonly evidence: Evidence;
  /** @throws UserError as `openRun` */
  open(): Promise<{ readonly run: RecordedRun; readonly model: TrainingModel }>;
}

/** Where an attribution computes and keeps what it computed. */
export interface AttributionPlace extends PassContext {
  /** Hash of the model with its adapter. */
  readonly modelHash: string;
  readonly artifacts: Artifacts;
  /** undefined: only the end is known. */
  readonly run: RunSource | undefined;
  readonly openIndex: (description: VectorIndexDescription) => Promise<VectorIndex>;
  readonly onProgress: (stage: string, done: number, total: number, unit: string) => void;
}

/** Queries with what estimators read of them. */
export interface PreparedQueries {
  readonly queries: readonly EncodedQuery[];
  gradients(): Promise<QueryGradients>;
  /** As `gradients`, projected. */
  projections(): Promise<QueryGradients>;
  /** [queries, width] of the space of kinds, before they are placed in it. */
  states(): Promise<Float32Array>;
}

/** Curvature ready to use. */
export interface Curvature {
  readonly factors: Factors;
  readonly rotator: Rotator;
}

/**
 * Everything about one model and its rows that estimators share. Each part is computed when it is first asked for, kept
 * in the store where it is dear, and then stays.
 */
export interface Attribution {
  readonly rows: readonly AttributionRow[];
  readonly settings: AttributionSettings;
  readonly place: AttributionPlace;
  readonly columns: Columns;
  prepare(queries: readonly EncodedQuery[]): PreparedQueries;
  gradients(): Promise<GradientMatrix>;
  /** Projected gradients: their columns carry the projections. */
  projections(): Promise<GradientMatrix>;
  /** Of the projected gradients' second moment. */
  projectedSolver(damping: number): Promise<GramSolver>;
  curvature(kind: FactorKind): Promise<Curvature>;
  /** Whether curvature is in the store or here already. */
  isFitted(kind: FactorKind): Promise<boolean>;
  /** [rows] g . H^-1 g */
  selfInfluence(kind: FactorKind): Promise<Float32Array>;
  kinds(): Promise<KindSpace>;
  bm25(): Bm25;
  /** [rows] number of each row's group of one kind. */
  groups(): Promise<Int32Array>;
  /** [rows] number of each row's cluster of near-duplicates. */
  duplicates(): Int32Array;
  release(): Promise<void>;
}

/** The usual ones. */
export const bm25Settings: Bm25Settings = { k1: 1.5, b: 0.75, method: 'lucene' };

/** Bytes of gradients held in memory at most. */
const scannerLimit = 4e9;

/** Values of gradients that are stored at most; more are computed again for every scan. */
const mostStoredValues = 1e10;

/** Gradient vectors rotated at a time. */
const rotationBlock = 16;

export function openAttribution(
  rows: readonly AttributionRow[],
  settings: AttributionSettings,
  place: AttributionPlace,
): Attribution {
  const { model, modelHash, artifacts } = place;
  const columns = columnsOf(model, settings.tracked);
  const hashes = rows.map(({ encodingHash }) => encodingHash);
  const hidden = model.config.hiddenSize;
  const stateSettings = kindStates(settings.layers);
  const curvatures = new Map<FactorKind, Promise<Curvature>>();
  const selves = new Map<FactorKind, Promise<Float32Array>>();
  const solvers = new Map<number, Promise<GramSolver>>();
  const releases: (() => Promise<void>)[] = [];
  const duplicates = onceNow(() =>
    findNearDuplicates(
      rows.map(({ plain }) => plain),
      nearDuplicateSettings,
    ),
  );

  const projected = onceNow(() => projectColumns(columns, settings));

  const gradientsOf = async (laid: Columns, stage: string): Promise<GradientMatrix> => {
    if (laid.width * rows.length > mostStoredValues)
      return streamedGradients(rows, settings.batchSize, laid, place, (done, total) =>
        place.onProgress('scores of rows', done, total, 'rows'),
      );
    const index = await place.openIndex(gradientIndexDescription(modelHash, laid, settings.element));
    await indexRowGradients(index, rows, settings.batchSize, laid, place, (done, total) =>
      place.onProgress(stage, done, total, 'rows'),
    );
    // Above the limit of one job's memory rows are read again for every scan.
    if (scannerBytes(index, rows.length) > scannerLimit) return storedGradients(index, hashes, laid);
    const scanned = await scannedGradients(index, hashes, laid, place.place.threads);
    releases.push(() => scanned.release());
    return scanned;
  };
  const gradients = once(() => gradientsOf(columns, 'gradients of rows'));
  const projections = once(() => gradientsOf(projected(), 'projected gradients of rows'));

  const factorKey = (kind: FactorKind) => {
    const { labels, seed } = settings;
    return { model: modelHash, tracked: columns.kind, kind, labels, seed, rows: hashes };
  };
  const fitted = async (kind: FactorKind): Promise<Factors> => {
    const { labels, seed } = settings;
    const key = factorKey(kind);
    const known = await readFactors(artifacts, key, { kind, labels, seed }, columns);
    if (known !== undefined) return known;
    const plan = planRowPasses(rows, settings.batchSize, model.config);
    const factors = await fitFactors({ kind, labels, seed }, rows, plan, columns, place, (stage, done, total) =>
      place.onProgress(stage, done, total, stage === 'eigenbases' ? 'matrices' : 'rows'),
    );
    await writeFactors(artifacts, key, factors);
    // As the next process will read them, to the bit: what is kept is rounded.
    return (await readFactors(artifacts, key, { kind, labels, seed }, columns)) ?? factors;
  };

  const curvature = (kind: FactorKind): Promise<Curvature> =>
    memo(curvatures, kind, async () => {
      const factors = await fitted(kind);
      return { factors, rotator: await createRotator(columns, factors.modules, rotationBlock, place.place) };
    });

  const kinds = once(async () => {
    const index = await place.openIndex(stateIndexDescription(modelHash, stateSettings, hidden));
    await indexRowStates(index, rows, settings.batchSize, stateSettings, place, (done, total) =>
      place.onProgress('states of rows', done, total, 'rows'),
    );
    const { data } = await index.load(hashes);
    if (!(data instanceof Float32Array)) throw internalError('states are kept as float32');
    return createKindSpace(data, stateWidth(stateSettings, hidden), hidden);
  });

  const bm25 = onceNow(() =>
    buildBm25(
      rows.map(({ plain }) => plain),
      bm25Settings,
    ),
  );

  return {
    rows,
    settings,
    place,
    columns,
    prepare: (queries) => ({
      queries,
      gradients: once(() => computeQueryGradients(queries, settings.batchSize, columns, place)),
      projections: once(() => computeQueryGradients(queries, settings.batchSize, projected(), place)),
      states: once(() => {
        const asked = queries.map(({ row }) => row);
        const plan = planRowPasses(asked, settings.batchSize, model.config);
        return computeRowStates(asked, plan, stateSettings, place, () => undefined);
      }),
    }),
    gradients,
    projections,
    projectedSolver: (damping) =>
      memo(solvers, damping, async () => createProjectedSolver(await projections(), damping)),
    curvature,
    isFitted: async (kind) =>
      curvatures.has(kind) || (await artifacts.openArtifact('factors', factorKey(kind))) !== undefined,
    selfInfluence: (kind) =>
      memo(selves, kind, async () => {
        const { damping } = settings;
        return selfInfluence({ gradients: await gradients(), ...(await curvature(kind)), damping });
      }),
    kinds,
    bm25,
    groups: once(async () => groupRows(await kinds(), duplicates())),
    duplicates,
    release: async () => {
      for (const release of releases.splice(0)) await release();
      for (const made of curvatures.values()) await (await made).rotator.release();
      curvatures.clear();
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function onceNow<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function memo<K, T>(known: Map<K, Promise<T>>, key: K, make: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
