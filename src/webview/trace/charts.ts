import { dot, rectY, ruleX, ruleY } from '@observablehq/plot';
import type { TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { TracedQuery, TracedRow } from '../../protocol/influence';
import { type Figures, fill } from '../shared/figures';
import { plotFigure, themedPlot } from '../shared/plots';
import { groupLooks, histogram, lookOf } from './traceFigures';

/** Points of one chart at most; more are not told apart, and slow the panel down. */
export const mostPoints = 2000;
const bins = 48;
const height = 220;
const foreground = 'var(--vscode-foreground)';
const muted = 'var(--vscode-descriptionForeground)';

/** How the scores lie, and where the null ends. */
export function distributionFigure(
  query: TracedQuery,
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const { threshold } = query;
  const found = histogram(
    query.rows.map(({ score }) => score),
    bins,
    threshold,
  );
  const drawing = themedPlot({
    width,
    height,
    marginLeft: 44,
    marginRight: 12,
    marginBottom: 38,
    ariaLabel: texts.distribution,
    x: { label: texts.score, nice: true, ticks: Math.max(3, Math.floor(width / 90)), tickFormat: figures.score },
    y: {
      label: texts.rowsRootAxis,
      type: 'sqrt',
      grid: true,
      ticks: 5,
      tickFormat: (n: number) => (Number.isInteger(n) ? figures.count(n) : ''),
    },
    marks: [
      rectY(found, {
        x1: 'from',
        x2: 'to',
        y: 'count',
        fill: (bin: (typeof found)[number]) =>
          threshold !== null && bin.from >= threshold ? 'var(--vscode-charts-blue)' : muted,
        fillOpacity: (bin: (typeof found)[number]) => (threshold !== null && bin.from >= threshold ? 1 : 0.55),
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      ruleY([0], { stroke: muted }),
      ruleX([0], { stroke: muted }),
      ...(threshold === null
        ? []
        : [ruleX([threshold], { stroke: foreground, strokeDasharray: '4 3', strokeWidth: 1.5 })]),
    ],
  });
  return plotFigure({
    title: texts.distribution,
    caption: threshold === null ? texts.noNull : fill(texts.distributionCaption, figures.score(threshold)),
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [texts.from, texts.to, texts.rowsAxis],
      rows: found.map(({ from, to, count }) => [figures.score(from), figures.score(to), figures.count(count)]),
    },
  });
}

/** The rows that the scatter shows: all, or the strongest. */
export function scatterRows({ rows }: Pick<TracedQuery, 'rows'>): readonly TracedRow[] {
  const known = rows.filter(({ kind }) => kind !== null);
  if (known.length <= mostPoints) return known;
  return [...known].sort((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, mostPoints);
}

/** Cause against kind: a finding is strong where both are high. */
export function scatterFigure(
  query: TracedQuery,
  selected: TracedRow | null,
  texts: PanelTexts,
  figures: Figures,
  width: number,
  onPick: (row: TracedRow) => void,
): TemplateResult | null {
  const rows = scatterRows(query);
  if (rows.length === 0) return null;
  const looks = groupLooks(query);
  // Those with a look of their own are drawn last, on top.
  const drawn = [...rows].sort((a, b) => Number(looks.has(a.group)) - Number(looks.has(b.group)));
  const constant = query.threshold === null || query.threshold <= 0 ? middleSize(rows) : query.threshold / 2;
  const describe = (row: TracedRow) =>
    `${row.rank} · ${row.text.slice(0, 120)}\n${texts.cause} ${figures.score(row.score)}, ${texts.kind} ${figures.plain(row.kind!.score)}`;
  const drawing = themedPlot(
    {
      width,
      height,
      marginLeft: 44,
      marginRight: 12,
      marginBottom: 38,
      ariaLabel: texts.causeAgainstKind,
      x: {
        label: texts.causeAxis,
        type: 'symlog',
        constant,
        ticks: symlogTicks(rows, constant, width),
        tickFormat: figures.score,
        nice: true,
      },
      y: { label: texts.kind, grid: true, ticks: 5, tickFormat: figures.plain },
      color: { type: 'identity' },
      marks: [
        ruleX([0], { stroke: muted }),
        ...(query.threshold === null
          ? []
          : [ruleX([query.threshold], { stroke: foreground, strokeDasharray: '4 3', strokeWidth: 1.5 })]),
        dot(drawn, {
          x: 'score',
          y: (row: TracedRow) => row.kind!.score,
          symbol: (row: TracedRow) => lookOf(looks, row.group).symbol,
          stroke: (row: TracedRow) => lookOf(looks, row.group).color,
          fill: (row: TracedRow) => (looks.has(row.group) ? lookOf(looks, row.group).color : 'none'),
          fillOpacity: 0.75,
          strokeOpacity: (row: TracedRow) => (looks.has(row.group) ? 1 : 0.6),
          r: 3.5,
          title: describe,
        }),
        ...(selected === null || selected.kind === null
          ? []
          : [
              dot([selected], {
                x: 'score',
                y: () => selected.kind!.score,
                r: 8,
                stroke: foreground,
                strokeWidth: 2,
                pointerEvents: 'none',
              }),
            ]),
      ],
    },
    (index) => {
      const row = drawn[index];
      if (row !== undefined) onPick(row);
    },
  );
  return plotFigure({
    title: texts.causeAgainstKind,
    caption:
      rows.length < query.rows.length
        ? fill(texts.scatterCaptionSome, figures.count(rows.length))
        : texts.scatterCaption,
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [texts.row, texts.cause, texts.kind, texts.group],
      rows: [...rows]
        .sort((a, b) => a.rank - b.rank)
        .slice(0, 100)
        .map((row) => [
          `${row.file}:${row.line ?? row.row}`,
          figures.score(row.score),
          figures.plain(row.kind!.score),
          String(row.group),
        ]),
    },
  });
}

/** Median size of the scores: where a symmetric logarithmic scale turns from linear to logarithmic without a null. */
function middleSize(rows: readonly TracedRow[]): number {
  const sizes = rows.map(({ score }) => Math.abs(score)).sort((a, b) => a - b);
  const middle = sizes[Math.floor(sizes.length / 2)] ?? 0;
  return middle > 0 ? middle : 1;
}

/** Round figures on both sides of 0, as many as fit. */
function symlogTicks(rows: readonly TracedRow[], constant: number, width: number): readonly number[] {
  const scores = rows.map(({ score }) => score);
  const high = Math.max(0, ...scores);
  const low = Math.min(0, ...scores);
  const first = 10 ** Math.ceil(Math.log10(constant));
  const side = (end: number): number[] => {
    const found: number[] = [];
    for (let tick = first; tick <= end && found.length < 12; tick *= 10) found.push(tick);
    return found;
  };
  const all = [
    ...side(-low)
      .map((tick) => -tick)
      .reverse(),
    0,
    ...side(high),
  ];
  const fits = Math.max(3, Math.floor(width / 60));
  if (all.length <= fits) return all;
  const every = Math.ceil(all.length / fits);
  const zero = all.indexOf(0);
  return all.filter((_, i) => (i - zero) % every === 0);
}
