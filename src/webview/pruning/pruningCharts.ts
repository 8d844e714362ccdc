import { areaY, dot, line, ruleX, ruleY, text } from '@observablehq/plot';
import { html, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { PruneProposal } from '../../protocol/pruning';
import type { Figure } from '../../protocol/verification';
import type { Figures } from '../shared/figures';
import { type PlotTable, plotFigure, themedPlot } from '../shared/plots';
import { type SeriesStyle, seriesStyles } from '../shared/seriesStyles';
import { placeLabels, type StateRow, withInterval } from './pruningFigures';

const looks: { readonly [K in StateRow['kind']]: SeriesStyle } = {
  mask: seriesStyles[0]!,
  random: seriesStyles[1]!,
  magnitude: seriesStyles[2]!,
  scaling: seriesStyles[3]!,
  tuned: seriesStyles[4]!,
  base: { ...seriesStyles[5]!, drawn: 'outlined' },
};
const muted = 'var(--vscode-descriptionForeground)';
const ground = 'var(--vscode-editor-background)';

/** Which shape is which, in words. */
export function legend(rows: readonly StateRow[], texts: PanelTexts): TemplateResult {
  const names: { readonly [K in StateRow['kind']]: string } = {
    mask: texts.stateMask,
    random: texts.stateRandom,
    magnitude: texts.stateMagnitude,
    scaling: texts.stateScaling,
    tuned: texts.stateTuned,
    base: texts.stateBase,
  };
  const kinds = (Object.keys(names) as StateRow['kind'][]).filter((kind) => rows.some((row) => row.kind === kind));
  return html`<ul class="legend">${kinds.map(
    (kind) =>
      html`<li><span class="series legend-${kind}" aria-hidden="true">${looks[kind].mark}</span> ${names[kind]}</li>`,
  )}</ul>`;
}

/** Harmful score against accuracy: every measured state, the chosen mask in a ring. */
export function curveFigure(
  rows: readonly StateRow[],
  chosen: number,
  texts: PanelTexts,
  figures: Figures,
  width: number,
  onPick: (point: number) => void,
): TemplateResult {
  const lowest = Math.min(...rows.map(({ figures: { accuracy } }) => accuracy.low));
  const bottom = Math.max(0, Math.min(lowest - 0.05, 0.9));
  const harm = ({ figures: found }: StateRow): number => found.harmful.estimate;
  const accuracy = ({ figures: found }: StateRow): number => found.accuracy.estimate;
  const masks = rows.filter(({ kind }) => kind === 'mask');
  const scaled = rows.filter(({ c }) => c !== null);
  const barred = rows.filter(({ kind }) => kind === 'mask' || kind === 'tuned');
  const colour = ({ kind }: StateRow): string => looks[kind].color;
  const style = { fill: 'currentColor', stroke: ground, strokeWidth: 4, paintOrder: 'stroke' } as const;
  const drawing = themedPlot(
    {
      width,
      height: 320,
      marginLeft: 52,
      marginRight: 24,
      marginTop: 28,
      marginBottom: 40,
      ariaLabel: texts.pruningCurve,
      x: {
        label: texts.harmfulAxis,
        domain: [-0.03, 1.03],
        grid: true,
        ticks: [0, 0.25, 0.5, 0.75, 1],
        tickFormat: figures.share,
      },
      y: { label: texts.accuracyAxis, domain: [bottom, 1.015], grid: true, ticks: 5, tickFormat: figures.share },
      color: { type: 'identity' },
      marks: [
        line(
          rows.filter(({ kind }) => kind === 'mask' || kind === 'tuned'),
          { x: harm, y: accuracy, stroke: looks.mask.color, strokeWidth: 1.5 },
        ),
        line(scaled, { x: harm, y: accuracy, stroke: looks.scaling.color, strokeDasharray: '3 3' }),
        ruleY(barred, {
          y: accuracy,
          x1: ({ figures: { harmful } }: StateRow) => harmful.low,
          x2: ({ figures: { harmful } }: StateRow) => harmful.high,
          stroke: colour,
          strokeOpacity: 0.45,
          strokeWidth: 3,
        }),
        ruleX(barred, {
          x: harm,
          y1: ({ figures: found }: StateRow) => found.accuracy.low,
          y2: ({ figures: found }: StateRow) => found.accuracy.high,
          stroke: colour,
          strokeOpacity: 0.45,
          strokeWidth: 3,
        }),
        dot(
          masks.filter(({ point }) => point === chosen),
          {
            x: harm,
            y: accuracy,
            r: 10,
            stroke: 'currentColor',
            strokeWidth: 1.6,
          },
        ),
        dot(rows, {
          x: harm,
          y: accuracy,
          r: 5.5,
          symbol: ({ kind }: StateRow) => looks[kind].symbol,
          stroke: colour,
          fill: ({ kind }: StateRow) => (looks[kind].drawn === 'filled' ? looks[kind].color : 'none'),
          strokeWidth: 1.6,
          title: (row: StateRow) => `${row.name}: ${figures.share(harm(row))}, ${figures.share(accuracy(row))}`,
        }),
        text(
          placeLabels(
            rows.filter(({ kind }) => kind === 'mask' || kind === 'scaling'),
            1.02 - bottom,
          ),
          { x: 'x', y: 'y', text: 'text', dx: 12, dy: -13, textAnchor: 'start', ...style },
        ),
      ],
    },
    (index) => {
      const point = rows[index]?.point;
      if (point !== null && point !== undefined) onPick(point);
    },
  );
  return plotFigure({
    title: texts.pruningCurve,
    caption: texts.pruningCurveCaption,
    drawing,
    tableLabel: texts.asTable,
    table: statesTable(rows, texts, figures),
  });
}

/** Harmful score and accuracy along the realised share, each with its band. */
export function shareFigure(
  { tuned, scaling }: PruneProposal,
  rows: readonly StateRow[],
  chosen: number,
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const masks = rows.filter(({ kind }) => kind === 'mask');
  const beside = rows.filter(({ kind }) => kind === 'random' || kind === 'magnitude');
  const base = scaling.find(({ c }) => c === 0)?.figures;
  const largest = Math.max(...masks.map(({ share }) => share ?? 0));
  const at = masks.find(({ point }) => point === chosen)?.share ?? 0;
  const part = (name: 'harmful' | 'accuracy', title: string): Element => {
    const of = ({ figures: found }: StateRow): Figure => found[name];
    return themedPlot({
      width,
      height: 165,
      marginLeft: 52,
      marginRight: 24,
      marginTop: 26,
      marginBottom: 36,
      ariaLabel: title,
      x: { label: texts.shareAxis, domain: [0, largest * 1.04], ticks: 5, tickFormat: figures.share },
      y: { label: title, domain: [0, 1.03], grid: true, ticks: [0, 0.5, 1], tickFormat: figures.share },
      color: { type: 'identity' },
      marks: [
        ruleY([tuned[name].estimate], { stroke: muted, strokeDasharray: '6 3' }),
        ...(base === undefined ? [] : [ruleY([base[name].estimate], { stroke: muted, strokeDasharray: '1 3' })]),
        ruleX([at], { stroke: 'currentColor', strokeOpacity: 0.6 }),
        areaY(masks, {
          x: 'share',
          y1: (row: StateRow) => of(row).low,
          y2: (row: StateRow) => of(row).high,
          fill: looks.mask.color,
          fillOpacity: 0.2,
        }),
        line(masks, { x: 'share', y: (row: StateRow) => of(row).estimate, stroke: looks.mask.color, strokeWidth: 1.5 }),
        dot([...masks, ...beside], {
          x: 'share',
          y: (row: StateRow) => of(row).estimate,
          r: 4.5,
          symbol: ({ kind }: StateRow) => looks[kind].symbol,
          stroke: ({ kind }: StateRow) => looks[kind].color,
          fill: ({ kind }: StateRow) => looks[kind].color,
          title: (row: StateRow) => `${row.name}: ${withInterval(of(row), figures.share)}`,
        }),
      ],
    });
  };
  const drawing = document.createElement('div');
  drawing.append(part('harmful', texts.harmfulAxis), part('accuracy', texts.accuracyAxis));
  return plotFigure({
    title: texts.pruningByShare,
    caption: texts.pruningByShareCaption,
    drawing,
    tableLabel: texts.asTable,
    table: statesTable([...masks, ...beside], texts, figures),
  });
}

function statesTable(rows: readonly StateRow[], texts: PanelTexts, figures: Figures): PlotTable {
  return {
    columns: [texts.stateColumn, texts.shareColumn, texts.figureHarmful, texts.figureAccuracy],
    rows: rows.map(({ name, share, figures: found }) => [
      name,
      share === null ? '–' : figures.share(share),
      withInterval(found.harmful, figures.share),
      withInterval(found.accuracy, figures.share),
    ]),
  };
}
