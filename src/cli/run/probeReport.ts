import type {
  ConceptProbe,
  LabelProbe,
  ProbeCell,
  ProbedModel,
  ProbedRow,
  ProbeResult,
  ProjectedRow,
} from '../../protocol/probing';
import type { Figure } from '../../protocol/verification';
import { type Column, formatTable, oneLine } from '../printTable';

const textWidth = 60;
const nameWidth = 24;

/** What probes found, for people: layers with base beside tuned, what they are compared with, then rows. */
export function formatProbe({ probe, base }: ProbeResult, rows: number): string {
  const beside = base !== null;
  return probe.kind === 'label' ? formatLabel(probe, beside, rows) : formatConcept(probe, beside, rows);
}

function formatLabel(probe: LabelProbe, beside: boolean, rows: number): string {
  const { classes, folds, control, leftOut, best, baselines } = probe;
  const count = probe.rows.length;
  const lines = [
    `${count} rows, ${classes.length} labels: ${classes.map(({ name, rows: of }) => `${oneLine(name, nameWidth)} ${of}`).join(', ')}${leftOutText(leftOut)}`,
    `${folds.count} folds of ${folds.groups} groups (by ${folds.groupedBy.join(', ')}); the most frequent label alone is right in ${percent(probe.majority)}`,
    `control: a random label for each ${controlText[control.type]}, ${control.types} of them, ${percent(control.recurring)} of rows share theirs with another fold; its most frequent label ${percent(control.majority)}`,
    '',
  ];
  const layers = formatTable(layerColumns(probe, beside), layerLines(probe));
  const others = formatTable(baselineColumns, [
    ...baselines.filter(({ model }) => model !== 'random'),
    ...bestRandom(baselines),
  ]);
  const bests = best.map(
    ({ model, layer, position, selected }) =>
      `${model}: best read after ${layerName(layer)}, ${position}; where each fold's layer is chosen by the others, right in ${interval(selected)}`,
  );
  const found = probe.rows.filter(({ disagrees }) => disagrees).length;
  const listed = probe.rows.filter(({ rank }) => rank <= rows).sort((a, b) => a.rank - b.rank);
  const heading = `${found} rows that the probe reads otherwise than they are labelled (${probe.readBy} model, held out); possible mislabels first:`;
  return [
    `${lines.join('\n')}\n${layers}`,
    ...(baselines.length === 0 ? [] : [`Compared with:\n${others}`]),
    `${bests.join('\n')}\n`,
    ...(listed.length === 0 ? [] : [`${heading}\n${formatTable(rowColumns, listed)}`]),
  ].join('\n');
}

const controlText = {
  word: 'first content word',
  template: 'template',
  key: 'word that tells most of the label',
} as const;

function leftOutText({ rare, notAskedFor }: LabelProbe['leftOut']): string {
  const parts = [
    ...(rare === 0 ? [] : [`${rare} rows of rarer labels`]),
    ...(notAskedFor === 0 ? [] : [`${notAskedFor} of labels not asked for`]),
  ];
  return parts.length === 0 ? '' : `; left out: ${parts.join(', ')}`;
}

interface LayerLine {
  readonly layer: number;
  readonly position: string;
  readonly cells: ReadonlyMap<string, ProbeCell>;
  readonly difference: Figure | undefined;
}

function layerLines({ cells, differences }: LabelProbe): LayerLine[] {
  const lines = new Map<string, LayerLine & { readonly cells: Map<string, ProbeCell> }>();
  for (const cell of cells) {
    const { layer, position, model } = cell;
    const key = `${layer} ${position}`;
    const known = lines.get(key);
    if (known !== undefined) known.cells.set(model, cell);
    else {
      const difference = differences.find((one) => one.layer === layer && one.position === position)?.accuracy;
      lines.set(key, { layer: layer ?? 0, position, cells: new Map([[model, cell]]), difference });
    }
  }
  return [...lines.values()];
}

function layerColumns({ best }: LabelProbe, beside: boolean): readonly Column<LayerLine>[] {
  const isBest = ({ layer, position }: LayerLine, model: ProbedModel): boolean =>
    best.some((one) => one.model === model && one.layer === layer && one.position === position);
  const of = (model: ProbedModel): Column<LayerLine>[] => [
    {
      title: model,
      align: 'right',
      cell: (line) => `${interval(line.cells.get(model)!.accuracy)}${isBest(line, model) ? ' *' : '  '}`,
    },
    { title: 'control', align: 'right', cell: ({ cells }) => percent(cells.get(model)!.control.estimate) },
    { title: 'selectivity', align: 'right', cell: ({ cells }) => points(cells.get(model)!.selectivity.estimate) },
  ];
  return [
    { title: 'layer', align: 'left', cell: ({ layer }) => layerName(layer) },
    { title: 'position', align: 'left', cell: ({ position }) => position },
    ...of('tuned'),
    ...(beside ? of('base') : []),
    ...(beside
      ? [
          {
            title: 'tuned - base',
            align: 'right' as const,
            cell: ({ difference }: LayerLine) =>
              difference === undefined
                ? ''
                : `${points(difference.estimate)} (${points(difference.low)} to ${points(difference.high)})`,
          },
        ]
      : []),
  ];
}

/** Of random weights the best layer: the one that is hardest to beat. */
function bestRandom(baselines: readonly ProbeCell[]): ProbeCell[] {
  const random = baselines.filter(({ model }) => model === 'random');
  return random.length === 0
    ? []
    : [random.reduce((best, one) => (one.accuracy.estimate > best.accuracy.estimate ? one : best))];
}

const baselineColumns: readonly Column<ProbeCell>[] = [
  { title: 'baseline', align: 'left', cell: baselineName },
  { title: 'accuracy', align: 'right', cell: ({ accuracy }) => interval(accuracy) },
  { title: 'control', align: 'right', cell: ({ control }) => percent(control.estimate) },
  { title: 'selectivity', align: 'right', cell: ({ selectivity }) => points(selectivity.estimate) },
];

function baselineName({ model, layer, position }: ProbeCell): string {
  if (model === 'words') return `words of the ${position}`;
  if (model === 'random') return `random weights, best of all layers (${layerName(layer ?? 0)}, ${position})`;
  return `mean embedding, ${model}, of what is ${position}`;
}

const rowColumns: readonly Column<ProbedRow>[] = [
  { title: 'rank', align: 'right', cell: ({ rank }) => `${rank}` },
  { title: 'row', align: 'left', cell: place },
  { title: 'label', align: 'left', cell: ({ label }) => oneLine(label, nameWidth) },
  { title: 'read as', align: 'left', cell: ({ predicted }) => oneLine(predicted, nameWidth) },
  { title: 'margin', align: 'right', cell: ({ margin }) => margin.toFixed(2) },
  { title: 'text', align: 'left', cell: ({ text }) => oneLine(text, textWidth) },
];

function formatConcept(probe: ConceptProbe, beside: boolean, rows: number): string {
  const { positive, negative, best, cells } = probe;
  const heading = `${positive.rows} positive rows (${positive.groups} that differ), ${negative.rows} negative (${negative.groups}); auc: one half's rows on the direction of the other half`;
  const lines = cells.filter(({ model }) => model === 'tuned');
  const of = (model: ProbedModel): Column<ConceptProbe['cells'][number]>[] => {
    const cellOf = ({ layer, position }: ConceptProbe['cells'][number]) =>
      cells.find((cell) => cell.model === model && cell.layer === layer && cell.position === position)!;
    return [
      {
        title: `${model} auc`,
        align: 'right',
        cell: (line) => {
          const { auc, layer, position } = cellOf(line);
          const chosen = best.some((one) => one.model === model && one.layer === layer && one.position === position);
          return `${auc.estimate.toFixed(3)} (${auc.low.toFixed(3)} to ${auc.high.toFixed(3)})${chosen ? ' *' : '  '}`;
        },
      },
      { title: 'halves agree', align: 'right', cell: (line) => cellOf(line).agreement.toFixed(2) },
    ];
  };
  const columns: Column<ConceptProbe['cells'][number]>[] = [
    { title: 'layer', align: 'left', cell: ({ layer }) => layerName(layer) },
    { title: 'position', align: 'left', cell: ({ position }) => position },
    ...of('tuned'),
    ...(beside ? of('base') : []),
  ];
  const listed = probe.rows.filter(({ rank }) => rank <= rows).sort((a, b) => a.rank - b.rank);
  return [
    `${heading}\n\n${formatTable(columns, lines)}`,
    ...(listed.length === 0
      ? []
      : [
          `Rows furthest towards the positive set (${probe.readBy} model; 1 is its mean, -1 the negative set's):\n${formatTable(projectedColumns, listed)}`,
        ]),
  ].join('\n');
}

const projectedColumns: readonly Column<ProjectedRow>[] = [
  { title: 'rank', align: 'right', cell: ({ rank }) => `${rank}` },
  { title: 'row', align: 'left', cell: place },
  { title: 'projection', align: 'right', cell: ({ projection }) => projection.toFixed(2) },
  { title: 'text', align: 'left', cell: ({ text }) => oneLine(text, textWidth) },
];

function place({ file, line, row }: Pick<ProbedRow, 'file' | 'line' | 'row'>): string {
  return line === null ? `${file} row ${row}` : `${file}:${line}`;
}

function layerName(layer: number): string {
  return layer < 0 ? 'embedding' : `layer ${layer}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Percentage points with their sign. */
function points(share: number): string {
  return `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)}`;
}

function interval({ estimate, low, high }: Figure): string {
  return `${percent(estimate)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
}
