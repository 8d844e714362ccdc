import { numberedGroups } from '../../linalg/clustering/unionFind';
import { aurocInterval } from '../../linalg/statistics/aurocInterval';
import { inputError } from '../../protocol/errors';
import type { ConceptCell, ConceptProbe, ProbedModel, ProjectedRow } from '../../protocol/probing';
import { findNearDuplicates, nearDuplicateSettings } from '../../text/lexical/nearDuplicates';
import { plainText } from '../../text/rows/plainText';
import { assignFolds } from './foldGroups';
import type { LayerStates } from './layerStates';
import type { ProbeRow } from './probeLabel';
import type { ReadingPlace } from './readingPlaces';

/** Two labelled sets, and the rows that are projected; states hold them in this order. */
export interface ConceptRows {
  readonly positive: readonly ProbeRow[];
  readonly negative: readonly ProbeRow[];
  readonly projected: readonly ProbeRow[];
}

export interface ConceptPlan extends ConceptRows {
  /** [positive + negative] 1: positive. */
  readonly labels: Int32Array;
  /** [positive + negative] which half. */
  readonly halves: Int32Array;
  readonly groups: Int32Array;
}

const level = 0.95;
const longestText = 160;

/** Rows of each set at least, in as many groups of near-duplicates. */
const fewestGroups = 4;

/**
 * Halves of both sets that no near-duplicates straddle.
 *
 * @throws UserError where a set is too small to hold half of it out
 */
export function planConcept(
  rows: ConceptRows,
  names: { readonly positive: string; readonly negative: string },
  seed: number,
): ConceptPlan {
  const { positive, negative } = rows;
  const both = [...positive, ...negative];
  const labels = Int32Array.from(both, (_, i) => (i < positive.length ? 1 : 0));
  const groups = numberedGroups(
    findNearDuplicates(
      both.map(({ example }) => plainText(example)),
      nearDuplicateSettings,
    ),
  );
  for (const [name, of] of [
    ['positive', 1],
    ['negative', 0],
  ] as const) {
    const found = new Set([...groups].filter((_, i) => labels[i] === of)).size;
    if (found >= fewestGroups) continue;
    throw inputError(
      'set-too-small',
      `${names[name]} has ${labels.filter((label) => label === of).length} rows for --${name}, ${found} of them different; a direction needs ${fewestGroups} that differ, so that half can be held out.`,
      'Add rows to the set.',
    );
  }
  return { ...rows, labels, groups, halves: assignFolds(groups, labels, 2, 2, seed) };
}

/** A direction at one layer and position, with what is projected on it. */
export interface FoundDirection {
  readonly cell: ConceptCell;
  /** [projected] */
  readonly projections: Float64Array;
}

/** Directions of one model at every layer and position. */
export function findDirections(
  model: ProbedModel,
  states: LayerStates,
  plan: ConceptPlan,
  layers: readonly number[],
  places: readonly ReadingPlace[],
): FoundDirection[] {
  return places.flatMap((place, p) =>
    layers.map((layer) => {
      const { projections, ...figures } = directionOf(states.read(layer, p), states.hidden, plan);
      return { cell: { model, layer, position: place.name, ...figures }, projections };
    }),
  );
}

/** @param x [positive + negative + projected, width] */
export function directionOf(
  x: Float32Array,
  width: number,
  { labels, halves, projected }: Pick<ConceptPlan, 'labels' | 'halves' | 'projected'>,
): Pick<ConceptCell, 'auc' | 'agreement'> & { readonly projections: Float64Array } {
  const within = (chosen: (i: number) => boolean): Axis => axisOf(x, width, labels, chosen);
  const axes = [0, 1].map((half) => within((i) => halves[i] === half)) as [Axis, Axis];
  // Each half's rows on the direction of the other half.
  const scores = Float64Array.from(labels, (_, i) => project(x, i, width, axes[1 - halves[i]!]!));
  const { estimate, low, high } = aurocInterval(scores, labels, level);
  const whole = within(() => true);
  return {
    auc: { estimate, low, high, level },
    agreement: cosine(axes[0].direction, axes[1].direction),
    projections: Float64Array.from(projected, (_, i) => project(x, labels.length + i, width, whole)),
  };
}

interface Axis {
  /** Mean of the positive rows minus mean of the negative ones. */
  readonly direction: Float64Array;
  readonly middle: Float64Array;
}

function axisOf(x: Float32Array, width: number, labels: Int32Array, chosen: (i: number) => boolean): Axis {
  const means = [0, 1].map(() => new Float64Array(width));
  const counts = [0, 0];
  for (const [i, label] of labels.entries()) {
    if (!chosen(i)) continue;
    counts[label]! += 1;
    for (let j = 0; j < width; j++) means[label]![j]! += x[i * width + j]!;
  }
  for (const [label, mean] of means.entries()) for (let j = 0; j < width; j++) mean[j]! /= counts[label]!;
  const [negative, positive] = means as [Float64Array, Float64Array];
  return {
    direction: positive.map((value, j) => value - negative[j]!),
    middle: positive.map((value, j) => (value + negative[j]!) / 2),
  };
}

/** -1 at the negative rows' mean, +1 at the positive ones'; 0 everywhere where the two are equal. */
function project(x: Float32Array, row: number, width: number, { direction, middle }: Axis): number {
  let along = 0;
  let squared = 0;
  for (let j = 0; j < width; j++) {
    along += (x[row * width + j]! - middle[j]!) * direction[j]!;
    squared += direction[j]! ** 2;
  }
  return squared === 0 ? 0 : (2 * along) / squared;
}

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = (u: Float64Array, v: Float64Array): number => u.reduce((sum, value, j) => sum + value * v[j]!, 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** Everything that was found, put together. */
export function conceptProbe(plan: ConceptPlan, found: readonly FoundDirection[]): ConceptProbe {
  const models = (['tuned', 'base'] as const).filter((name) => found.some(({ cell }) => cell.model === name));
  const bests = models.map((name) =>
    found.filter(({ cell }) => cell.model === name).reduce((best, one) => (isBetter(one.cell, best.cell) ? one : best)),
  );
  const of = (model: ProbedModel): FoundDirection | undefined => bests.find(({ cell }) => cell.model === model);
  const [tuned, base] = [of('tuned')!, of('base')];
  const reader = base ?? tuned;
  const groupsOf = (label: number): number => new Set([...plan.groups].filter((_, i) => plan.labels[i] === label)).size;
  return {
    kind: 'concept',
    positive: { rows: plan.positive.length, groups: groupsOf(1) },
    negative: { rows: plan.negative.length, groups: groupsOf(0) },
    cells: found.map(({ cell }) => cell),
    best: bests.map(({ cell: { model, layer, position } }) => ({ model, layer, position })),
    readBy: reader.cell.model,
    rows: projectedRows(plan, reader, tuned, base),
  };
}

function isBetter(a: ConceptCell, b: ConceptCell): boolean {
  return a.auc.estimate === b.auc.estimate ? a.agreement > b.agreement : a.auc.estimate > b.auc.estimate;
}

function projectedRows(
  { projected }: ConceptPlan,
  { projections }: FoundDirection,
  tuned: FoundDirection,
  base: FoundDirection | undefined,
): ProjectedRow[] {
  const order = [...projections.keys()].sort((a, b) => projections[b]! - projections[a]! || a - b);
  const ranks = new Int32Array(projections.length);
  for (const [place, i] of order.entries()) ranks[i] = place + 1;
  return projected.map(({ address, hash, example }, i) => ({
    file: address.file,
    row: address.row,
    line: address.line ?? null,
    hash,
    text: plainText(example).slice(0, longestText),
    projection: projections[i]!,
    rank: ranks[i]!,
    tuned: tuned.projections[i]!,
    base: base?.projections[i] ?? null,
  }));
}
