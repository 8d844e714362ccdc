/** What the Probing panel shows of a result, as figures. Pure: no DOM, nothing computed that the result does not hold. */
import type {
  ConceptCell,
  ConceptProbe,
  LabelProbe,
  ProbeCell,
  ProbedModel,
  ProbedRow,
  ProbeResult,
} from '../../protocol/probing';
import type { Figure } from '../../protocol/verification';
import { heatLevels } from '../shared/heatScale';
import type { RowList } from './probingState';

export type Side = ProbedModel | 'difference';
export type CellFigure = 'accuracy' | 'selectivity' | 'control' | 'auc' | 'agreement';

/** A cell of the map. */
export interface MapCell {
  readonly layer: number;
  readonly position: string;
  /** null: not measured. Without an interval `low` and `high` are the estimate. */
  readonly figure: Figure | null;
  /** -6 … 6: how far above or below chance, for shading. */
  readonly level: number;
}

/** Figures that a kind of probe has for a side, the first is shown where the chosen one is none of them. */
export function figuresOf(kind: 'label' | 'concept', side: Side): readonly CellFigure[] {
  if (kind === 'concept') return side === 'difference' ? ['auc'] : ['auc', 'agreement'];
  return side === 'difference' ? ['accuracy', 'selectivity'] : ['accuracy', 'selectivity', 'control'];
}

/** Sides that a result has. */
export function sidesOf({ base }: Pick<ProbeResult, 'base'>): readonly Side[] {
  return base === null ? ['tuned'] : ['tuned', 'base', 'difference'];
}

/** The map: by position, then by layer, in the order of the result. */
export function layerMap(result: ProbeResult, side: Side, figure: CellFigure): readonly (readonly MapCell[])[] {
  const { probe, layers, positions } = result;
  const values = positions.map((position) =>
    layers.map((layer) => ({ layer, position, figure: cellFigure(probe, side, figure, layer, position) })),
  );
  const chance = chanceOf(probe, side, figure);
  const largest = values
    .flat()
    .reduce((most, one) => Math.max(most, Math.abs((one.figure?.estimate ?? 0) - chance)), 0);
  // Differences are shaded by the largest, but one of a few rows is never shaded like a large one.
  const full = side === 'difference' || figure === 'selectivity' ? Math.max(0.1, largest) : 1 - chance;
  return values.map((line) =>
    line.map((one) => {
      const above = one.figure === null ? 0 : (one.figure.estimate - chance) / full;
      return { ...one, level: Math.round(Math.max(-1, Math.min(1, above)) * heatLevels) || 0 };
    }),
  );
}

/** What no reading at all would reach. */
function chanceOf(probe: ProbeResult['probe'], side: Side, figure: CellFigure): number {
  if (side === 'difference' || figure === 'selectivity' || figure === 'agreement') return 0;
  if (probe.kind === 'concept') return 0.5;
  return figure === 'control' ? probe.control.majority : probe.majority;
}

function cellFigure(
  probe: ProbeResult['probe'],
  side: Side,
  figure: CellFigure,
  layer: number,
  position: string,
): Figure | null {
  const of = (model: ProbedModel): Figure | null => {
    if (probe.kind === 'concept') {
      const cell = conceptCell(probe, model, layer, position);
      if (cell === undefined) return null;
      return figure === 'agreement' ? exact(cell.agreement) : cell.auc;
    }
    const cell = labelCell(probe, model, layer, position);
    if (cell === undefined) return null;
    return figure === 'selectivity' ? cell.selectivity : figure === 'control' ? cell.control : cell.accuracy;
  };
  if (side !== 'difference') return of(side);
  if (probe.kind === 'label') {
    const found = probe.differences.find((one) => one.layer === layer && one.position === position);
    return found === undefined ? null : figure === 'selectivity' ? found.selectivity : found.accuracy;
  }
  const [tuned, base] = [of('tuned'), of('base')];
  return tuned === null || base === null ? null : exact(tuned.estimate - base.estimate);
}

function exact(value: number): Figure {
  return { estimate: value, low: value, high: value, level: 1 };
}

export function labelCell(
  { cells }: LabelProbe,
  model: ProbedModel,
  layer: number,
  position: string,
): ProbeCell | undefined {
  return cells.find((cell) => cell.model === model && cell.layer === layer && cell.position === position);
}

export function conceptCell(
  { cells }: ConceptProbe,
  model: ProbedModel,
  layer: number,
  position: string,
): ConceptCell | undefined {
  return cells.find((cell) => cell.model === model && cell.layer === layer && cell.position === position);
}

/** The cell that is shown where none is chosen: the best of the side, of a difference the fine-tuned model's. */
export function bestPlace(
  { probe, layers, positions }: ProbeResult,
  side: Side,
): { readonly layer: number; readonly position: string } {
  const best = probe.best.find(({ model }) => model === (side === 'base' ? 'base' : 'tuned')) ?? probe.best[0];
  return best === undefined
    ? { layer: layers[0] ?? -1, position: positions[0] ?? 'last' }
    : { layer: best.layer, position: best.position };
}

export type BaselineName = 'words' | 'embedding' | 'random' | 'majority';

/** What a probe is compared with, the best first. `cell` null: the most frequent label. */
export function comparisons(
  { baselines, majority }: LabelProbe,
  model: ProbedModel,
): readonly { readonly name: BaselineName; readonly accuracy: Figure; readonly cell: ProbeCell | null }[] {
  const best = (cells: readonly ProbeCell[]): ProbeCell | undefined =>
    cells.reduce<ProbeCell | undefined>(
      (most, cell) => (most === undefined || cell.accuracy.estimate > most.accuracy.estimate ? cell : most),
      undefined,
    );
  const named: readonly (readonly [BaselineName, ProbeCell | undefined])[] = [
    ['words', best(baselines.filter((cell) => cell.model === 'words'))],
    ['embedding', best(baselines.filter((cell) => cell.model === model))],
    ['random', best(baselines.filter((cell) => cell.model === 'random'))],
  ];
  return [
    ...named.flatMap(([name, cell]) => (cell === undefined ? [] : [{ name, accuracy: cell.accuracy, cell }])),
    { name: 'majority' as const, accuracy: exact(majority), cell: null },
  ].sort((a, b) => b.accuracy.estimate - a.accuracy.estimate);
}

/** What came of a probe of a label. */
export interface ProbeVerdict {
  /** `reads`: above every comparison's interval. `baselines`: one reaches as much. `nothing`: not above the most frequent label. */
  readonly kind: 'reads' | 'baselines' | 'nothing';
  readonly layer: number;
  readonly selected: Figure;
  readonly comparison: { readonly name: BaselineName; readonly accuracy: Figure };
}

/** undefined: the model was not probed. */
export function probeVerdict(probe: LabelProbe, model: ProbedModel): ProbeVerdict | undefined {
  const best = probe.best.find((one) => one.model === model);
  const comparison = comparisons(probe, model)[0];
  if (best === undefined || comparison === undefined) return undefined;
  const { selected, layer } = best;
  const kind =
    selected.low <= probe.majority ? 'nothing' : selected.estimate > comparison.accuracy.high ? 'reads' : 'baselines';
  return { kind, layer, selected, comparison };
}

/** A row with what the chosen cell reads in it. */
export interface CellRow {
  readonly row: ProbedRow;
  /** Of a difference: what the fine-tuned model's cell reads. */
  readonly read: string;
  /** Of a difference: what the base's cell reads; else null. */
  readonly baseRead: string | null;
}

/** The rows behind a cell, in the order of the result. */
export function cellRows(probe: LabelProbe, side: Side, layer: number, position: string): readonly CellRow[] {
  const own = labelCell(probe, side === 'base' ? 'base' : 'tuned', layer, position);
  const base = side === 'difference' ? labelCell(probe, 'base', layer, position) : undefined;
  if (own === undefined) return [];
  const name = (cell: ProbeCell, place: number): string => probe.classes[cell.predicted[place] ?? -1]?.name ?? '';
  return probe.rows.map((row, place) => ({
    row,
    read: name(own, place),
    baseRead: base === undefined ? null : name(base, place),
  }));
}

/** Counts by label and by what was read; of a difference by what the base reads and what the fine-tuned model reads. */
export function confusionOf(
  probe: LabelProbe,
  side: Side,
  layer: number,
  position: string,
): readonly (readonly number[])[] {
  const tuned = labelCell(probe, side === 'base' ? 'base' : 'tuned', layer, position);
  if (side !== 'difference') return tuned?.confusion ?? [];
  const base = labelCell(probe, 'base', layer, position);
  const counts = probe.classes.map(() => probe.classes.map(() => 0));
  if (tuned === undefined || base === undefined) return counts;
  for (const [place, read] of tuned.predicted.entries()) {
    const line = counts[base.predicted[place] ?? -1];
    if (line?.[read] !== undefined) line[read] += 1;
  }
  return counts;
}

/** Those rows of a cell that the list wants. */
export function listedRows(rows: readonly CellRow[], list: RowList, { classes }: LabelProbe): readonly CellRow[] {
  switch (list.kind) {
    case 'all':
      return rows;
    case 'wrong':
      return rows.filter(({ row, read, baseRead }) => read !== (baseRead ?? row.label));
    case 'doubts':
      return rows.filter(({ row }) => row.disagrees);
    case 'entry': {
      const [from, to] = [classes[list.from]?.name, classes[list.to]?.name];
      return rows.filter(({ row, read, baseRead }) => read === to && (baseRead ?? row.label) === from);
    }
  }
}

/** Heights of labels that stand at given heights, moved apart so that each has `gap`; order and pixels are kept. */
export function spreadLabels(heights: readonly number[], gap: number, lowest: number): readonly number[] {
  const order = [...heights.keys()].sort((a, b) => heights[a]! - heights[b]! || a - b);
  const placed = heights.map(() => 0);
  let free = Number.NEGATIVE_INFINITY;
  for (const place of order) {
    placed[place] = Math.max(heights[place]!, free);
    free = placed[place]! + gap;
  }
  // Those pushed out at the bottom move up again.
  let limit = lowest;
  for (const place of order.toReversed()) {
    placed[place] = Math.min(placed[place]!, limit);
    limit = placed[place]! - gap;
  }
  return placed;
}
