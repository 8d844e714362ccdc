import { areaY, dot, line, rectY, ruleX, ruleY, text } from '@observablehq/plot';
import type { TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { ConceptProbe, LabelProbe, ProbedModel, ProbeResult } from '../../protocol/probing';
import type { Figure } from '../../protocol/verification';
import { type Figures, fill } from '../shared/figures';
import { plotFigure, themedPlot } from '../shared/plots';
import { seriesStyles } from '../shared/seriesStyles';
import { comparisons, conceptCell, labelCell, spreadLabels } from './probingFigures';
import { baselineName, figureText, layerName, positionName, shortLayer, sideName } from './probingNames';

const height = 250;
const margins = { marginTop: 26, marginBottom: 38, marginLeft: 40 } as const;
const muted = 'var(--vscode-descriptionForeground)';
const labelGap = 13;
/** Pixels of a plot's texts. */
const fontSize = 11;
const looks: { readonly [M in ProbedModel]: (typeof seriesStyles)[number] } = {
  tuned: seriesStyles[0]!,
  base: seriesStyles[1]!,
};

interface CurvePoint {
  readonly model: ProbedModel;
  readonly layer: number;
  readonly figure: Figure;
}

/** Accuracy by layer of both models at one position, beside what it is compared with. */
export function accuracyCurve(
  { probe, layers, base }: ProbeResult & { readonly probe: LabelProbe },
  position: string,
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const models: readonly ProbedModel[] = base === null ? ['tuned'] : ['tuned', 'base'];
  const points = models.flatMap((model) =>
    layers.flatMap((layer): (CurvePoint & { readonly control: Figure })[] => {
      const cell = labelCell(probe, model, layer, position);
      return cell === undefined ? [] : [{ model, layer, figure: cell.accuracy, control: cell.control }];
    }),
  );
  const compared = comparisons(probe, 'tuned');
  const low = Math.min(
    ...points.flatMap(({ figure, control }) => [figure.low, control.estimate]),
    ...compared.map(({ accuracy }) => accuracy.estimate),
  );
  const lowest = Math.max(0, Math.floor(low * 10 - 0.5) / 10);
  const names = compared.map(({ name, accuracy }) => ({
    name: `${figures.plain(accuracy.estimate)} ${baselineName(name, texts)}`,
    at: accuracy.estimate,
  }));
  const drawing = curves({
    points,
    lowest,
    width,
    label: texts.curve,
    axis: texts.figureAccuracy,
    layers,
    rules: names,
    dashed: points.map(({ model, layer, control }) => ({ model, layer, value: control.estimate })),
    texts,
    figures,
  });
  return plotFigure({
    title: texts.curve,
    caption: `${legend(models, texts)} ${fill(texts.curveCaption, positionName(position, texts))}`,
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [
        texts.layer,
        ...models.flatMap((model) => [
          `${sideName(model, texts)}: ${texts.figureAccuracy}`,
          `${sideName(model, texts)}: ${texts.figureControl}`,
        ]),
      ],
      rows: [
        ...layers.map((layer) => [
          layerName(layer, texts),
          ...models.flatMap((model) => {
            const found = points.find((point) => point.model === model && point.layer === layer);
            return found === undefined
              ? ['–', '–']
              : [figureText(found.figure, model, texts, figures), figureText(found.control, model, texts, figures)];
          }),
        ]),
        ...compared.map(({ name, accuracy, cell }) => [
          `${texts.comparison}: ${baselineName(name, texts)}`,
          figureText(accuracy, 'tuned', texts, figures),
          cell === null ? '–' : figureText(cell.control, 'tuned', texts, figures),
          ...(base === null ? [] : ['', '']),
        ]),
      ],
    },
  });
}

/** How well a direction tells the sets apart, by layer. */
export function aucCurve(
  { probe, layers, base }: ProbeResult & { readonly probe: ConceptProbe },
  position: string,
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const models: readonly ProbedModel[] = base === null ? ['tuned'] : ['tuned', 'base'];
  const points = models.flatMap((model) =>
    layers.flatMap((layer): (CurvePoint & { readonly agreement: number })[] => {
      const cell = conceptCell(probe, model, layer, position);
      return cell === undefined ? [] : [{ model, layer, figure: cell.auc, agreement: cell.agreement }];
    }),
  );
  const lowest = Math.max(0, Math.floor(Math.min(0.5, ...points.map(({ figure }) => figure.low)) * 10) / 10);
  const drawing = curves({
    points,
    lowest,
    width,
    label: texts.curveAuc,
    axis: texts.figureAuc,
    layers,
    rules: [{ name: figures.plain(0.5), at: 0.5 }],
    dashed: [],
    texts,
    figures,
  });
  return plotFigure({
    title: texts.curveAuc,
    caption: `${legend(models, texts)} ${fill(texts.curveAucCaption, positionName(position, texts))}`,
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [
        texts.layer,
        ...models.flatMap((model) => [
          `${sideName(model, texts)}: ${texts.figureAuc}`,
          `${sideName(model, texts)}: ${texts.figureAgreement}`,
        ]),
      ],
      rows: layers.map((layer) => [
        layerName(layer, texts),
        ...models.flatMap((model) => {
          const found = points.find((point) => point.model === model && point.layer === layer);
          return found === undefined
            ? ['–', '–']
            : [figureText(found.figure, model, texts, figures), figures.plain(found.agreement)];
        }),
      ]),
    },
  });
}

const projectionBins = 40;

/** How the rows lie along the direction. */
export function projectionFigure(
  { rows }: ConceptProbe,
  texts: PanelTexts,
  figures: Figures,
  width: number,
): TemplateResult {
  const values = rows.map(({ projection }) => projection);
  const least = Math.min(-1.2, ...values);
  const most = Math.max(1.2, ...values);
  const size = (most - least) / projectionBins;
  const bins = Array.from({ length: projectionBins }, (_, i) => ({
    from: least + i * size,
    to: least + (i + 1) * size,
    count: 0,
  }));
  for (const value of values) bins[Math.min(projectionBins - 1, Math.floor((value - least) / size))]!.count += 1;
  const drawing = themedPlot({
    width,
    height,
    ...margins,
    marginRight: 12,
    ariaLabel: texts.projections,
    x: { label: texts.projection, ticks: Math.max(3, Math.floor(width / 90)), tickFormat: figures.score },
    y: {
      label: texts.rowsAxis,
      grid: true,
      ticks: 5,
      tickFormat: (n: number) => (Number.isInteger(n) ? figures.count(n) : ''),
    },
    marks: [
      rectY(bins, {
        x1: 'from',
        x2: 'to',
        y: 'count',
        fill: (bin: (typeof bins)[number]) => (bin.from >= 0 ? looks.tuned.color : muted),
        fillOpacity: 0.85,
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      ruleY([0], { stroke: muted }),
      ruleX([-1, 1], { stroke: 'var(--vscode-foreground)', strokeDasharray: '4 3', strokeWidth: 1.5 }),
    ],
  });
  return plotFigure({
    title: texts.projections,
    caption: texts.projectionsCaption,
    drawing,
    tableLabel: texts.asTable,
    table: {
      columns: [texts.from, texts.to, texts.rowsAxis],
      rows: bins
        .filter(({ count }) => count > 0)
        .map(({ from, to, count }) => [figures.score(from), figures.score(to), figures.count(count)]),
    },
  });
}

interface Curves {
  readonly points: readonly CurvePoint[];
  readonly dashed: readonly { readonly model: ProbedModel; readonly layer: number; readonly value: number }[];
  readonly rules: readonly { readonly name: string; readonly at: number }[];
  readonly layers: readonly number[];
  readonly lowest: number;
  readonly width: number;
  readonly label: string;
  readonly axis: string;
  readonly texts: PanelTexts;
  readonly figures: Figures;
}

function curves({ points, dashed, rules, layers, lowest, width, label, axis, texts, figures }: Curves): Element {
  const longest = rules.reduce((most, { name }) => Math.max(most, name.length), 0);
  const marginRight = Math.min(Math.floor(width * 0.45), 14 + longest * 6.2);
  const inner = height - margins.marginTop - margins.marginBottom;
  const toPixels = (value: number): number => margins.marginTop + ((1 - value) / (1 - lowest)) * inner;
  const spread = spreadLabels(
    rules.map(({ at }) => toPixels(at)),
    labelGap,
    height - margins.marginBottom,
  );
  const toValue = (pixels: number): number => 1 - ((pixels - margins.marginTop) / inner) * (1 - lowest);
  const placed = rules.map(({ name }, i) => ({ name, at: toValue(spread[i]!) }));
  const models = [...new Set(points.map(({ model }) => model))];
  const labelled = Math.max(1, Math.ceil(layers.length / Math.max(3, Math.floor((width - marginRight) / 34))));
  return themedPlot({
    width,
    height,
    ...margins,
    marginRight,
    ariaLabel: label,
    x: {
      label: texts.layer,
      type: 'point',
      domain: layers,
      ticks: layers.filter((_, i) => i % labelled === 0),
      tickFormat: (layer: number) => shortLayer(layer, texts),
    },
    y: { label: axis, domain: [lowest, 1], grid: true, ticks: 5, tickFormat: figures.plain },
    color: { type: 'identity' },
    marks: [
      ruleY(rules, { y: 'at', stroke: muted, strokeDasharray: '1 4', strokeWidth: 1.5, strokeLinecap: 'round' }),
      text(placed, {
        y: 'at',
        text: 'name',
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 8,
        fill: muted,
        // The figure comes first, so that a narrow panel cuts words alone.
        lineWidth: (marginRight - 8) / fontSize,
        textOverflow: 'ellipsis-end',
      }),
      ...models.map((model) =>
        areaY(
          points.filter((point) => point.model === model),
          {
            x: 'layer',
            y1: ({ figure }: CurvePoint) => figure.low,
            y2: ({ figure }: CurvePoint) => figure.high,
            fill: looks[model].color,
            fillOpacity: 0.16,
          },
        ),
      ),
      ...models.map((model) =>
        line(
          dashed.filter((point) => point.model === model),
          { x: 'layer', y: 'value', stroke: looks[model].color, strokeDasharray: '5 4', strokeWidth: 1.5 },
        ),
      ),
      ...models.map((model) =>
        line(
          points.filter((point) => point.model === model),
          { x: 'layer', y: ({ figure }: CurvePoint) => figure.estimate, stroke: looks[model].color, strokeWidth: 2 },
        ),
      ),
      ...models.map((model) =>
        dot(
          points.filter((point) => point.model === model),
          {
            x: 'layer',
            y: ({ figure }: CurvePoint) => figure.estimate,
            symbol: looks[model].symbol,
            fill: looks[model].color,
            r: 4,
            ariaLabel: 'measured',
            title: ({ layer, figure }: CurvePoint) =>
              `${sideName(model, texts)}, ${texts.layer} ${layerName(layer, texts)}: ${figureText(figure, model, texts, figures)}`,
          },
        ),
      ),
    ],
  });
}

/** `● Fine-tuned, ■ Base.` */
function legend(models: readonly ProbedModel[], texts: PanelTexts): string {
  return `${models.map((model) => `${looks[model].mark} ${sideName(model, texts)}`).join(', ')}.`;
}
