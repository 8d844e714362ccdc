import { stateProgram, stateWidth } from '../analyses/influence/states/rowStates';
import { passMemory, planRowPasses } from '../analyses/passes/rowPasses';
import { lackingStates, layerSettings, type StateRow, type StateSource } from '../analyses/probing/layerStates';
import type { ProbeRow } from '../analyses/probing/probeLabel';
import { hasRandomTwin, randomHash, randomWeights } from '../analyses/probing/randomWeights';
import { type ReadingPlace, readingPlace } from '../analyses/probing/readingPlaces';
import { type LoadedRow, loadRows } from '../analyses/rows/loadRows';
import { rowName } from '../data/parseRow';
import type { RowProblem } from '../data/types';
import { hashAdapted } from '../model/checkpoint/hashAdapted';
import { inputError } from '../protocol/errors';
import type { PredictedCost } from '../protocol/influence';
import { namedPositions, type ProbedModel, type ProbeRequest } from '../protocol/probing';
import type { DataSource, ModelIdentity, Warning } from '../protocol/requests';
import { threadsOf } from './deviceVerdicts';
import { javaScriptMemory } from './javaScriptMemory';
import type { JobContext } from './jobContext';
import { identify, type LoadedModel, loadModel, rowContext } from './loadModel';
import { defaultMaxLength, storeOf } from './openSubject';
import { passSeconds } from './predictCost';

/** A row with its text, fields and tokens. */
export type ProbedDataRow = ProbeRow & StateRow;

/** Models to probe and how rows are read, opened. */
export interface OpenProbe {
  readonly identity: ModelIdentity;
  readonly baseIdentity: ModelIdentity | undefined;
  readonly threads: number;
  readonly layers: readonly number[];
  readonly places: readonly ReadingPlace[];
  /** The model, then its base where it is known. */
  readonly sources: readonly { readonly name: ProbedModel; readonly source: StateSource }[];
  /** The same architecture with random weights. */
  random(): Promise<StateSource>;
  /** Rows of data files that can be read at every position. @throws UserError where there is none */
  readRows(data: readonly DataSource[]): Promise<readonly ProbedDataRow[]>;
  readonly problems: RowProblem[];
  readonly warnings: Warning[];
}

/** Opens what a probe works on. */
export async function openProbe(request: ProbeRequest, context: JobContext): Promise<OpenProbe> {
  const { compute, seed } = request;
  const tuned = await loadModel(request.model, compute, context);
  const base = request.base === undefined ? undefined : await loadModel(request.base, compute, context);
  const identity = await identify(tuned.model, compute);
  const baseIdentity = base === undefined ? undefined : await identify(base.model, compute);
  const { device } = await context.device(compute);
  const threads = threadsOf(compute);
  const { openIndex } = await storeOf(request, context);
  const sourceOf = ({ model, weights }: LoadedModel, hash: string): StateSource => ({
    model,
    weights,
    place: { device, threads },
    sessions: context.sessions,
    modelHash: hashAdapted(hash, model.adapter),
    openIndex,
  });
  const places = request.positions.map(placeNamed);
  const problems: RowProblem[] = [];
  const warnings: Warning[] = [...tuned.model.warnings];
  const { config } = tuned.model;
  if (base !== undefined) requireAlike(tuned, base);
  const encoding = rowContext(tuned.model, request.maxLength ?? defaultMaxLength);
  return {
    identity,
    baseIdentity,
    threads,
    layers: layersOf(request.layers, config.layers.length),
    places,
    sources: [
      { name: 'tuned', source: sourceOf(tuned, identity.hash) },
      ...(base === undefined ? [] : [{ name: 'base' as const, source: sourceOf(base, baseIdentity!.hash) }]),
    ],
    random: async () => {
      const hash = randomHash(config, seed);
      const model = { ...tuned.model, key: `random ${hash}`, label: 'random weights', adapter: undefined };
      return sourceOf({ model, weights: await randomWeights(config, seed, compute.cacheFolder) }, hash);
    },
    readRows: async (data) => {
      const rows: ProbedDataRow[] = [];
      const before = problems.length;
      for (const source of data)
        for await (const batch of loadRows(source, encoding)) {
          problems.push(...batch.problems);
          rows.push(...batch.rows.map(dataRow));
        }
      if (rows.length === 0) throw noRows(data, problems[before]);
      requirePlaces(rows, places);
      return rows;
    },
    problems,
    warnings,
  };
}

/** Whether a random twin is wanted and worth its room; says so where it is not. */
export function wantsRandom({ task }: ProbeRequest, { sources, warnings }: OpenProbe): boolean {
  if (task.kind !== 'label' || !task.baselines.includes('random')) return false;
  if (hasRandomTwin(sources[0]!.source.model.config)) return true;
  warnings.push({
    code: 'random-left-out',
    message: 'The baseline of random weights is left out: of a model of this size it would take gigabytes.',
  });
  return false;
}

/** Floating-point operations a second of a probe's products in float64, on one thread of a usual machine. */
const probeRate = 4e9;

/** What is ahead, told before it begins. */
export async function announceProbe(
  request: ProbeRequest,
  { places, layers, sources, threads }: OpenProbe,
  random: StateSource | undefined,
  rows: readonly ProbedDataRow[],
  context: JobContext,
): Promise<void> {
  const all = [...sources.map(({ source }) => source), ...(random === undefined ? [] : [random])];
  let seconds = 0;
  let lackingRows = 0;
  let pass = 0;
  for (const source of all) {
    const lacking = await lackingStates(source, rows, places);
    lackingRows += lacking.length;
    const tokens = lacking.reduce((sum, { ids }) => sum + ids.length, 0);
    seconds += await passSeconds(source.model.config, source.place, tokens);
    if (lacking.length === 0) continue;
    const plan = planRowPasses(lacking, request.batchSize, source.model.config);
    pass = Math.max(
      pass,
      passMemory(source.model, plan, stateProgram(layerSettings(source.model.config.layers.length, places))),
    );
  }
  const { config } = sources[0]!.source.model;
  const width = stateWidth(layerSettings(config.layers.length, places), config.hiddenSize);
  const n = rows.length;
  const d = config.hiddenSize;
  const least = Math.min(n, d);
  const cell = request.task.kind === 'label' ? 2 * n * d * least + 9 * least ** 3 + 8000 * n * least : 4 * n * d;
  seconds += (all.length * layers.length * places.length * cell) / (probeRate * threads);
  const held = 4 * n * width + threads * 8 * (4 * n * d + 3 * least ** 2);
  const cost: PredictedCost = {
    kind: 'predictedCost',
    rows: lackingRows,
    fit: 'unused',
    seconds,
    diskBytes: 4 * width * lackingRows,
    memoryBytes: Math.max(pass, held) + javaScriptMemory(),
  };
  context.event(cost);
  context.announceMemory({ bytes: cost.memoryBytes, alternatives: [] });
}

function placeNamed(name: string): ReadingPlace {
  const place = readingPlace(name);
  if (place !== undefined) return place;
  throw inputError(
    'position-unknown',
    `There is no position ${name}.`,
    `Use ${namedPositions.join(', ')} or a whole number: 0 the first token of a row, -1 the last before the answer.`,
  );
}

function layersOf(asked: readonly number[] | null, layers: number): readonly number[] {
  const all = Array.from({ length: layers + 1 }, (_, i) => i - 1);
  const missing = asked?.find((layer) => !all.includes(layer));
  if (missing !== undefined)
    throw inputError(
      'layer-missing',
      `The model has no layer ${missing}.`,
      `Give --layers numbers from 0 to ${layers - 1}, or -1 for the embedding.`,
    );
  return asked === null ? all : [...new Set(asked)].sort((a, b) => a - b);
}

function requireAlike({ model }: LoadedModel, base: LoadedModel): void {
  const [a, b] = [model.config, base.model.config];
  if (
    a.layers.length === b.layers.length &&
    a.hiddenSize === b.hiddenSize &&
    b.vocabularySize >= model.text.tokenizer.vocabularySize
  )
    return;
  throw inputError(
    'base-differs',
    `${base.model.label} is no base of ${model.label}: layers, width or vocabulary differ.`,
    'Name the model that it was fine-tuned from with --base.',
  );
}

function dataRow({ address, hash, value, example, encoded }: LoadedRow): ProbedDataRow {
  const { ids, labels, weight, encodingHash } = encoded;
  return { address, hash, value, example, ids, labels, weight, encodingHash };
}

function noRows(data: readonly DataSource[], first: RowProblem | undefined) {
  return inputError(
    'no-rows',
    `No row of ${data.map(({ label }) => label).join(', ')} can be read.${first === undefined ? '' : ` ${first.message}`}`,
    first?.next ?? 'Give a data file with rows.',
  );
}

function requirePlaces(rows: readonly ProbedDataRow[], places: readonly ReadingPlace[]): void {
  for (const { name, needs } of places) {
    const short = rows.find((row) => !needs(row));
    if (short === undefined) continue;
    throw inputError(
      'position-outside',
      `${rowName(short.address)}: the row has no token ${name}: it has ${short.ids.length} tokens.`,
      'Give --position a number within every row, or last, mean or answer.',
    );
  }
}
