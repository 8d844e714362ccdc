import { dot, link, ruleX, ruleY } from '@observablehq/plot';
import type { TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { Figures } from '../shared/figures';
import { plotFigure, themedPlot } from '../shared/plots';
import { otherStyle, type SeriesStyle, seriesStyles } from '../shared/seriesStyles';
import type { ChangeRow, NamedFigure } from './verifyFigures';

const looks: { readonly [K in ChangeRow['kind']]: SeriesStyle } = {
  own: seriesStyles[0]!,
  bm25: seriesStyles[1]!,
  random: otherStyle,
  reshuffled: seriesStyles[2]!,
};
const predictedLook = seriesStyles[3]!;
const muted = 'var(--vscode-descriptionForeground)';
const lineHeight = 26;

/** What every removal did to the behaviour, one line each. */
export function changesFigure(
  rows: readonly ChangeRow[],
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const withUnit = rows.filter(({ predictedChange }) => predictedChange !== null);
  const drawing = themedPlot({
    width,
    height: rows.length * lineHeight + 60,
    marginLeft: labelWidth(
      rows.map(({ label }) => label),
      width,
    ),
    marginRight: 20,
    marginBottom: 36,
    ariaLabel: texts.changes,
    x: {
      label: texts.changeAxis,
      grid: true,
      nice: true,
      ticks: Math.max(3, Math.floor(width / 120)),
      tickFormat: figures.score,
    },
    y: { label: null, domain: rows.map(({ label }) => label), tickSize: 0 },
    color: { type: 'identity' },
    marks: [
      ruleX([0], { stroke: 'var(--vscode-foreground)' }),
      link(withUnit, { x1: 'change', x2: 'predictedChange', y: 'label', stroke: muted, strokeDasharray: '2 3' }),
      dot(withUnit, {
        x: 'predictedChange',
        y: 'label',
        symbol: predictedLook.symbol,
        stroke: predictedLook.color,
        r: 5,
      }),
      dot(rows, {
        x: 'change',
        y: 'label',
        symbol: ({ kind }: ChangeRow) => looks[kind].symbol,
        stroke: ({ kind }: ChangeRow) => looks[kind].color,
        fill: ({ kind }: ChangeRow) => (looks[kind].drawn === 'filled' ? looks[kind].color : 'none'),
        r: 5.5,
        strokeWidth: 1.6,
        title: ({ label, change }: ChangeRow) => `${label}: ${figures.signed(change)}`,
      }),
    ],
  });
  return plotFigure({
    title: texts.changes,
    caption: texts.changesCaption,
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [texts.removal, texts.changeOf, texts.predictedScore, texts.predictedNats],
      rows: rows.map(({ label, change, predicted, predictedChange }) => [
        label,
        figures.signed(change),
        predicted === null ? '–' : figures.score(predicted),
        predictedChange === null ? '–' : figures.signed(predictedChange),
      ]),
    },
  });
}

/** Agreement of predicted with measured changes, points with intervals. */
export function agreementFigure(
  found: readonly NamedFigure[],
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const rows = found.map((one) => ({ ...one, label: `${one.name} · ${one.over}` }));
  const drawing = themedPlot({
    width,
    height: rows.length * lineHeight + 60,
    marginLeft: labelWidth(
      rows.map(({ label }) => label),
      width,
    ),
    marginRight: 20,
    marginBottom: 36,
    ariaLabel: texts.agreement,
    x: { label: texts.agreementAxis, domain: [-1, 1], grid: true, ticks: 5, tickFormat: figures.score },
    y: { label: null, domain: rows.map(({ label }) => label), tickSize: 0 },
    marks: [
      ruleX([0], { stroke: muted }),
      ruleY(rows, {
        x1: ({ figure }: NamedFigure) => figure.low,
        x2: ({ figure }: NamedFigure) => figure.high,
        y: 'label',
        stroke: 'currentColor',
        strokeWidth: 1.5,
      }),
      dot(rows, {
        x: ({ figure }: NamedFigure) => figure.estimate,
        y: 'label',
        r: 4.5,
        fill: seriesStyles[0]!.color,
        title: ({ figure }: NamedFigure) => figures.plain(figure.estimate),
      }),
    ],
  });
  return plotFigure({
    title: texts.agreement,
    caption: texts.agreementCaption,
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [texts.agreement, texts.estimate, texts.interval],
      rows: rows.map(({ label, figure }) => [
        label,
        figures.plain(figure.estimate),
        `${figures.plain(figure.low)} – ${figures.plain(figure.high)}`,
      ]),
    },
  });
}

/** Pixels for the names at the left: as wide as the longest, at most two fifths of the chart. */
function labelWidth(labels: readonly string[], width: number): number {
  const longest = labels.reduce((most, label) => Math.max(most, label.length), 0);
  return Math.min(longest * 6.4 + 16, width * 0.46);
}
