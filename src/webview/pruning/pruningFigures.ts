/** What the Pruning panel says of a proposal. Pure: no DOM. */
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { PruneProposal, PruningFigures, PruningPoint, PruningRow } from '../../protocol/pruning';
import type { Figure } from '../../protocol/verification';
import { type Figures, fill } from '../shared/figures';
import { heatLevel } from '../shared/heatScale';
import type { Notice } from '../shared/layout';

/** The verdict first: none is worth it is a result, not a failure. */
export function verdictWords(
  { recommendation }: Pick<PruneProposal, 'recommendation'>,
  texts: PanelTexts,
): Pick<Notice, 'tone' | 'title' | 'text'> {
  const { alpha, says } = recommendation;
  if (alpha !== null) return { tone: 'finding', title: fill(texts.recommendedMask, String(alpha)), text: says };
  return { tone: 'calm', title: texts.noneWorthIt, text: says.replace(/^None is worth it\.\s*/, '') };
}

/** A measured state as charts and tables show it. */
export interface StateRow {
  readonly kind: 'mask' | 'random' | 'magnitude' | 'scaling' | 'tuned' | 'base';
  readonly name: string;
  /** What stands beside its point. */
  readonly label: string;
  /** Realised; null: nothing is pruned. */
  readonly share: number | null;
  /** Factor on the fine-tune; null: a mask. */
  readonly c: number | null;
  /** Place among the masks; null: none of them. */
  readonly point: number | null;
  readonly figures: PruningFigures;
}

/** Every state that was measured: the fine-tuned model, masks with their controls, factors from large to none. */
export function stateRows({ tuned, points, scaling }: PruneProposal, texts: PanelTexts): readonly StateRow[] {
  const none = { share: null, c: null, point: null };
  return [
    { ...none, kind: 'tuned', name: texts.stateTuned, label: '', c: 1, figures: tuned },
    ...points.flatMap(({ alphas, share, figures, controls }, point): StateRow[] => [
      { ...none, kind: 'mask', name: `alpha ${alphas.join(', ')}`, label: String(alphas[0]), share, point, figures },
      ...controls.map(
        ({ name, share: same, figures: found }): StateRow => ({
          ...none,
          kind: name.startsWith('random') ? 'random' : 'magnitude',
          name: `${name.startsWith('random') ? texts.stateRandom : texts.stateMagnitude} (alpha ${alphas[0]})`,
          label: '',
          share: same,
          figures: found,
        }),
      ),
    ]),
    ...[...scaling]
      .sort((a, b) => b.c - a.c)
      .map(
        ({ c, figures }): StateRow => ({
          ...none,
          kind: c === 0 ? 'base' : 'scaling',
          name: c === 0 ? texts.stateBase : texts.stateScaling.replace(/c$/, String(c)),
          label: c === 0 ? '' : `×${c}`,
          c,
          figures,
        }),
      ),
  ];
}

/** A text beside points that lie (almost) in one place. */
export interface PlaceLabel {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Share of either axis within which points share a label. */
const samePlace = 0.04;

/** One label for all points in a place, so that none lies on another. @param yRange of the accuracy axis */
export function placeLabels(rows: readonly StateRow[], yRange: number): readonly PlaceLabel[] {
  const places: { x: number; y: number; texts: string[] }[] = [];
  for (const { label, figures } of rows) {
    if (label === '') continue;
    const [x, y] = [figures.harmful.estimate, figures.accuracy.estimate];
    const near = places.find(
      (place) => Math.abs(place.x - x) <= samePlace && Math.abs(place.y - y) <= samePlace * yRange,
    );
    if (near === undefined) places.push({ x, y, texts: [label] });
    else near.texts.push(label);
  }
  return places.map(({ x, y, texts }) => ({ x, y, text: texts.join(', ') }));
}

export type FigureName = keyof PruningFigures;

/** Figures in the order of the panel, with how each is written. */
export function figureLines(
  texts: PanelTexts,
  figures: Figures,
): readonly {
  readonly name: FigureName;
  readonly title: string;
  readonly help: string;
  write(value: number): string;
}[] {
  const { share, plain, score } = figures;
  return [
    { name: 'harmful', title: texts.figureHarmful, help: texts.readHarmful, write: share },
    { name: 'margin', title: texts.figureMargin, help: texts.readMargin, write: plain },
    { name: 'accuracy', title: texts.figureAccuracy, help: texts.readAccuracy, write: share },
    { name: 'drift', title: texts.figureDrift, help: texts.readDrift, write: score },
    { name: 'perplexity', title: texts.figurePerplexity, help: texts.readPerplexity, write: score },
    { name: 'refusedBenign', title: texts.figureRefused, help: '', write: share },
    { name: 'degenerate', title: texts.figureDegenerate, help: texts.readDegenerate, write: share },
    { name: 'overlap', title: texts.figureOverlap, help: '', write: share },
  ];
}

/** `75 % (50 % – 94 %)` */
export function withInterval({ estimate, low, high }: Figure, write: (value: number) => string): string {
  return `${write(estimate)} (${write(low)} – ${write(high)})`;
}

/** A difference of shares in points, with its interval. */
export function pointsText({ estimate, low, high }: Figure, figures: Figures): string {
  const write = (value: number): string => figures.signed(100 * value);
  return `${write(estimate)} (${write(low)} – ${write(high)})`;
}

/** Layer x matrix, as a table. */
export interface ModuleMap {
  /** `self_attn.q_proj A` */
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly layer: number;
    /** One a column; undefined: the layer has no such matrix. */
    readonly cells: readonly (
      | { readonly pruned: number; readonly entries: number /** 0 … 6. */; readonly level: number }
      | undefined
    )[];
  }[];
}

export function moduleMap({ modules }: Pick<PruningPoint, 'modules'>): ModuleMap {
  const columnOf = ({ module, part }: PruningPoint['modules'][number]): string =>
    part === 'A' || part === 'B' ? `${module} ${part}` : module;
  const columns = [...new Set(modules.map(columnOf))];
  const layers = [...new Set(modules.map(({ layer }) => layer))].sort((a, b) => a - b);
  const largest = modules.reduce((most, { pruned, entries }) => Math.max(most, pruned / entries), 0);
  return {
    columns,
    rows: layers.map((layer) => ({
      layer,
      cells: columns.map((column) => {
        const found = modules.find((one) => one.layer === layer && columnOf(one) === column);
        if (found === undefined) return undefined;
        const { pruned, entries } = found;
        return { pruned, entries, level: heatLevel(pruned / entries, largest) };
      }),
    })),
  };
}

/** Rows with a part in the mask, the largest first. */
export function drivingRows(rows: readonly PruningRow[]): readonly (PruningRow & { readonly share: number })[] {
  return rows
    .flatMap((row) => (row.share === null ? [] : [{ ...row, share: row.share }]))
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share) || a.row - b.row);
}
