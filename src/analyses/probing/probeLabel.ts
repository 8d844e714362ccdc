import type { HeldOut, LabelTask } from '../../linalg/logistic/crossValidate';
import { createGroupBootstrap, type GroupBootstrap } from '../../linalg/statistics/groupBootstrap';
import { inputError, internalError } from '../../protocol/errors';
import type { BestCell, LabelProbe, LabelTaskRequest, ProbeCell, ProbedModel, ProbedRow } from '../../protocol/probing';
import type { Warning } from '../../protocol/requests';
import { plainText } from '../../text/rows/plainText';
import { createWorkerPool } from '../../workers/createWorkerPool';
import { crossValidateMany, type FeatureMatrix } from '../../workers/crossValidateMany';
import { embeddingLayer } from '../influence/states/rowStates';
import { type CellLabels, differenceFigure, figuresOf, type ReadCell, shareFigure } from './cellFigures';
import { makeControlTask } from './controlTask';
import { exampleParts } from './exampleParts';
import { type FoldPlan, planFolds } from './foldGroups';
import type { LayerStates } from './layerStates';
import type { ReadingPlace } from './readingPlaces';
import { fieldReader, type LabelledRow, readLabels } from './readLabels';
import { findTemplates } from './templates';
import { wordFeatures } from './wordFeatures';

/** A row that is probed. */
export interface ProbeRow extends LabelledRow {
  readonly hash: string;
}

/** Rows with labels, folds and the control task: everything that is the same for every probe. */
export interface LabelTaskPlan {
  readonly request: LabelTaskRequest;
  readonly rows: readonly ProbeRow[];
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  readonly leftOut: LabelProbe['leftOut'];
  readonly folds: FoldPlan;
  readonly control: ReturnType<typeof makeControlTask>;
  readonly warnings: readonly Warning[];
}

/** Penalties to choose among, a row learned from, on columns of deviation 1: from hardly any to one that leaves little. */
const penalties = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

const resamples = 1000;
const level = 0.95;
const longestText = 160;

/** @throws UserError as `readLabels` and `planFolds` */
export function planLabelTask(
  all: readonly ProbeRow[],
  request: LabelTaskRequest,
  places: readonly ReadingPlace[],
  seed: number,
): LabelTaskPlan {
  const { classes, kept, labels, leftOut } = readLabels(all, request);
  const rows = kept.map((i) => all[i]!);
  const prompts = rows.map(({ example }) => exampleParts(example).prompt);
  const templates = findTemplates(prompts);
  const readers = request.groupBy.map((field) => groupReader(field, rows));
  const folds = planFolds(
    rows.map((row, i) => ({
      plain: plainText(row.example),
      template: templates[i],
      fields: readers.map((read) => read(row)),
    })),
    labels,
    classes,
    request.folds,
    seed,
  );
  const control = makeControlTask(request.control, prompts, templates, labels, classes.length, folds.folds, seed);
  return {
    request,
    rows,
    classes,
    labels,
    leftOut,
    folds,
    control,
    warnings: warningsOf(request, places, folds, control.recurring),
  };
}

function groupReader(field: string, rows: readonly ProbeRow[]): (row: ProbeRow) => string | undefined {
  const read = fieldReader(field);
  if (rows.some((row) => read(row) !== undefined)) return read;
  throw inputError(
    'group-field-missing',
    `No row of ${[...new Set(rows.map(({ address }) => address.file))].join(', ')} has the field ${field} that --group names.`,
    'Name a field that the rows have.',
  );
}

function warningsOf(
  { label }: LabelTaskRequest,
  places: readonly ReadingPlace[],
  { templates }: FoldPlan,
  recurring: number,
): Warning[] {
  const warnings: Warning[] = [];
  const seeing = places.find(({ sees }) => sees === 'answer');
  if (label.startsWith('answer') && seeing !== undefined)
    warnings.push({
      code: 'answer-in-view',
      message: `At the position ${seeing.name} the answer, which is the label, has been read: probes find it there whatever the model knows.`,
    });
  if (templates === 'parted')
    warnings.push({
      code: 'templates-parted',
      message:
        'Some labels occur in too few templates to hold whole templates out, so rows of one template are in several folds: part of the accuracy may be that of the template.',
    });
  if (recurring < 0.5)
    warnings.push({
      code: 'control-weak',
      message: `Only ${Math.round(100 * recurring)} % of the rows are of a type that occurs in another fold: the control task can hardly be remembered, and selectivity says little.`,
    });
  return warnings;
}

/** States of one model over the rows of the plan. */
export interface ModelStates {
  readonly name: ProbedModel | 'random';
  readonly states: LayerStates;
}

/** Probes of one model at every layer and position. */
export async function probeLayers(
  { name, states }: ModelStates,
  plan: LabelTaskPlan,
  layers: readonly number[],
  places: readonly ReadingPlace[],
  run: ProbeRun,
): Promise<ReadCell[]> {
  const wanted = places.flatMap((place, p) => layers.map((layer) => ({ place, p, layer })));
  const matrices = wanted.map(
    ({ layer, p }): FeatureMatrix => ({
      columns: states.hidden,
      scaling: 'columns',
      read: () => states.read(layer, p),
    }),
  );
  const held = await run.validate(matrices, plan);
  return wanted.map(({ layer, place }, i) => run.figures({ model: name, layer, position: place.name }, held[i]!, plan));
}

/** Baselines that need no layer: the words that were read, and the mean of their embeddings. */
export async function probeBaselinesOf(
  { name, states }: ModelStates,
  plan: LabelTaskPlan,
  places: readonly ReadingPlace[],
  run: ProbeRun,
): Promise<ReadCell[]> {
  const { baselines } = plan.request;
  const cells: { readonly place: Pick<ProbeCell, 'model' | 'layer' | 'position'>; readonly matrix: FeatureMatrix }[] =
    [];
  if (baselines.includes('words'))
    for (const sees of new Set(places.map((place) => place.sees))) {
      const { values, columns } = wordFeatures(
        plan.rows.map(({ example }) => (sees === 'prompt' ? exampleParts(example).prompt : plainText(example))),
      );
      cells.push({
        place: { model: 'words', layer: null, position: sees === 'prompt' ? 'prompt' : 'row' },
        matrix: { columns, scaling: 'whole', read: () => values as Float32Array<ArrayBuffer> },
      });
    }
  if (baselines.includes('embedding'))
    for (const [p, place] of places.entries())
      cells.push({
        place: { model: name, layer: embeddingLayer, position: `seen by ${place.name}` },
        matrix: { columns: states.hidden, scaling: 'columns', read: () => states.seen(p) },
      });
  const held = await run.validate(
    cells.map(({ matrix }) => matrix),
    plan,
  );
  return cells.map(({ place }, i) => run.figures(place, held[i]!, plan));
}

/** What all probes of a run share. */
export interface ProbeRun {
  validate(matrices: readonly FeatureMatrix[], plan: LabelTaskPlan): Promise<(readonly HeldOut[])[]>;
  figures(
    place: Pick<ProbeCell, 'model' | 'layer' | 'position'>,
    held: readonly HeldOut[],
    plan: LabelTaskPlan,
  ): ReadCell;
  readonly bootstrap: GroupBootstrap;
  /** Ends the threads. */
  release(): Promise<void>;
}

/** @param onDone told after each probe */
export function startProbeRun(
  { folds, labels, control, classes }: LabelTaskPlan,
  threads: number,
  seed: number,
  onDone: () => void,
): ProbeRun {
  const bootstrap = createGroupBootstrap(folds.groups, { resamples, seed, level });
  const tasks = [labels, control.labels].map((of): LabelTask => ({ labels: of, classes: classes.length }));
  const of: CellLabels = { labels, control: control.labels, classes: classes.length };
  const pool = createWorkerPool(threads);
  return {
    bootstrap,
    release: () => pool.release(),
    validate: (matrices) =>
      crossValidateMany(matrices, labels.length, tasks, { folds: folds.folds, penalties }, pool, onDone),
    figures: (place, held) => figuresOf(place, [held[0]!, held[1]!], of, bootstrap),
  };
}

/** Everything that was found, put together. */
export function labelProbe(
  plan: LabelTaskPlan,
  found: readonly ReadCell[],
  baselines: readonly ReadCell[],
  run: ProbeRun,
): LabelProbe {
  const { request, rows, classes, labels, leftOut, folds, control } = plan;
  const models = (['tuned', 'base'] as const).filter((name) => found.some(({ cell }) => cell.model === name));
  const bests = models.map((name) =>
    bestOf(
      name,
      found.filter(({ cell }) => cell.model === name),
      plan,
      run,
    ),
  );
  const majority = largestShare(labels, classes.length);
  const reader = readerOf(bests, majority);
  return {
    kind: 'label',
    label: request.label,
    classes: classes.map((name, k) => ({ name, rows: labels.reduce((sum, one) => sum + (one === k ? 1 : 0), 0) })),
    majority,
    leftOut,
    folds: {
      count: request.folds,
      groups: folds.groups.reduce((most, group) => Math.max(most, group + 1), 0),
      groupedBy: ['duplicates', ...(folds.templates === 'together' ? ['template'] : []), ...request.groupBy],
      rows: Array.from({ length: request.folds }, (_, fold) => folds.folds.filter((of) => of === fold).length),
    },
    control: {
      type: control.type,
      types: new Set(control.types).size,
      recurring: control.recurring,
      majority: largestShare(control.labels, classes.length),
    },
    cells: found.map(({ cell }) => cell),
    baselines: baselines.map(({ cell }) => cell),
    differences: differencesOf(found, run.bootstrap),
    best: bests.map(({ best }) => best),
    readBy: reader.best.model,
    rows: rowsOf(plan, reader.read, bests, rows),
  };
}

interface Best {
  readonly best: BestCell;
  readonly read: ReadCell;
}

/** The base where it can read the labels: the tuned model may have learned a wrong label by heart. */
function readerOf(bests: readonly Best[], majority: number): Best {
  const base = bests.find(({ best }) => best.model === 'base');
  return base !== undefined && base.best.selected.low > majority ? base : bests[0]!;
}

function bestOf(model: ProbedModel, found: readonly ReadCell[], { folds }: LabelTaskPlan, run: ProbeRun): Best {
  // The embedding is what layers are compared with, unless it is all that was asked for.
  const inside = found.filter(({ cell }) => cell.layer !== embeddingLayer);
  const candidates = inside.length > 0 ? inside : found;
  const read = candidates.reduce((best, one) => (one.readings.logLoss < best.readings.logLoss ? one : best));
  const chosen = read.innerLosses.reduce<ReadCell[]>((list, _, fold) => {
    list[fold] = candidates.reduce((best, one) => (one.innerLosses[fold]! < best.innerLosses[fold]! ? one : best));
    return list;
  }, []);
  const right = Uint8Array.from(folds.folds, (fold, i) => chosen[fold]!.readings.right[i]!);
  const { layer, position } = read.cell;
  if (layer === null) throw internalError('a probe of a model has no layer');
  return { best: { model, layer, position, selected: shareFigure(right, run.bootstrap) }, read };
}

function differencesOf(found: readonly ReadCell[], bootstrap: GroupBootstrap): LabelProbe['differences'] {
  const key = ({ layer, position }: ProbeCell): string => `${layer} ${position}`;
  const bases = new Map(found.filter(({ cell }) => cell.model === 'base').map((one) => [key(one.cell), one]));
  return found.flatMap(({ cell, readings, control }) => {
    const base = bases.get(key(cell));
    if (cell.model !== 'tuned' || cell.layer === null || base === undefined) return [];
    const selective = (right: Uint8Array, remembered: Uint8Array): Float64Array =>
      Float64Array.from(right, (one, i) => one - remembered[i]!);
    return [
      {
        layer: cell.layer,
        position: cell.position,
        accuracy: differenceFigure(readings.right, base.readings.right, bootstrap),
        selectivity: differenceFigure(
          selective(readings.right, control.right),
          selective(base.readings.right, base.control.right),
          bootstrap,
        ),
      },
    ];
  });
}

function rowsOf(
  { classes, labels, folds, control }: LabelTaskPlan,
  reader: ReadCell,
  bests: readonly Best[],
  rows: readonly ProbeRow[],
): ProbedRow[] {
  const { margin } = reader.readings;
  const order = [...margin.keys()].sort((a, b) => margin[a]! - margin[b]! || a - b);
  const ranks = new Int32Array(margin.length);
  for (const [place, i] of order.entries()) ranks[i] = place + 1;
  const reading = ({ readings }: ReadCell, i: number) => ({
    predicted: classes[readings.predicted[i]!]!,
    probability: readings.probability[i]!,
    margin: readings.margin[i]!,
  });
  const of = (model: ProbedModel): ReadCell | undefined => bests.find(({ best }) => best.model === model)?.read;
  const [tuned, base] = [of('tuned'), of('base')];
  if (tuned === undefined) throw internalError('the model itself was not probed');
  return rows.map(({ address, hash, example }, i) => ({
    file: address.file,
    row: address.row,
    line: address.line ?? null,
    hash,
    text: plainText(example).slice(0, longestText),
    label: classes[labels[i]!]!,
    ...reading(reader, i),
    disagrees: reader.readings.right[i] === 0,
    rank: ranks[i]!,
    group: folds.groups[i]!,
    fold: folds.folds[i]!,
    controlType: control.types[i]!,
    tuned: reading(tuned, i),
    base: base === undefined ? null : reading(base, i),
  }));
}

function largestShare(labels: Int32Array, classes: number): number {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]! += 1;
  return Math.max(...counts) / labels.length;
}
