import type { PrunePlan, PruneProposal, PruningFigures, PruningPoint } from '../../protocol/pruning';
import type { Figure } from '../../protocol/verification';
import { type Column, formatTable, oneLine } from '../printTable';
import { formatSeconds } from '../progress';

/** Rows and modules that are listed. */
const listedRows = 8;

/** What `whence prune propose --dry-run` prints. */
export function formatPlan({ masks, cost, threshold }: PrunePlan): string {
  const table = formatTable(
    [
      { title: 'alpha', align: 'left', cell: ({ alphas }) => alphas.join(', ') },
      { title: 'pruned', align: 'right', cell: ({ pruned, entries }) => `${pruned} of ${entries}` },
      { title: 'share', align: 'right', cell: ({ share }) => percent(share) },
    ],
    masks,
  );
  return `${table}\n${masks.length} distinct masks (share of each ${threshold}), ${cost.states} states of the model to measure, ${cost.known} known: about ${formatSeconds(cost.seconds)}, ${Math.ceil(cost.memoryBytes / 1e6)} MB of memory. Nothing was measured.\n`;
}

interface Line {
  readonly name: string;
  readonly share: string;
  readonly figures: PruningFigures;
}

/** What `whence prune propose` prints: the curve with its alternatives, the verdict, rows and examples. */
export function formatProposal(proposal: PruneProposal): string {
  const { mask, counts, calibration, points, scaling, tuned, recommendation, shown } = proposal;
  const lines: Line[] = [
    { name: 'fine-tuned', share: '', figures: tuned },
    ...points.flatMap((point): Line[] => [
      { name: `alpha ${point.alphas.join(', ')}`, share: percent(point.share), figures: point.figures },
      ...point.controls.map(({ name, share, figures }) => ({ name: `  ${name}`, share: percent(share), figures })),
    ]),
    ...scaling
      .toReversed()
      .map(({ c, figures }) => ({ name: c === 0 ? 'without the fine-tune' : `fine-tune x ${c}`, share: '', figures })),
  ];
  return [
    `A proposal; nothing is applied. ${mask.score} on ${mask.target}, share of each ${mask.threshold}, from ${calibration.rows} rows (${calibration.answers}).\nMeasured on ${counts.harmful} harmful prompts, ${counts.benign} benign prompts, ${counts.tests} tests; 95 % intervals in the JSON.\n`,
    formatTable(columns, lines),
    equalHarmText(points),
    `${recommendation.says}\n`,
    moduleText(points[shown]!),
    rowText(proposal),
    exampleText(proposal),
  ]
    .filter((section) => section !== '')
    .join('\n');
}

const columns: readonly Column<Line>[] = [
  { title: 'state', align: 'left', cell: ({ name }) => name },
  { title: 'pruned', align: 'right', cell: ({ share }) => share },
  { title: 'harmful', align: 'right', cell: ({ figures }) => ranged(figures.harmful) },
  { title: 'margin', align: 'right', cell: ({ figures }) => figures.margin.estimate.toFixed(2) },
  { title: 'tests', align: 'right', cell: ({ figures }) => ranged(figures.accuracy) },
  { title: 'drift', align: 'right', cell: ({ figures }) => figures.drift.estimate.toFixed(3) },
  { title: 'perplexity', align: 'right', cell: ({ figures }) => figures.perplexity.estimate.toPrecision(3) },
  { title: 'refused', align: 'right', cell: ({ figures }) => percent(figures.refusedBenign.estimate) },
  { title: 'circular', align: 'right', cell: ({ figures }) => percent(figures.degenerate.estimate) },
  { title: 'overlap', align: 'right', cell: ({ figures }) => percent(figures.overlap.estimate) },
];

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function ranged({ estimate, low, high }: Figure): string {
  return `${(100 * estimate).toFixed(0)} % (${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)})`;
}

/** Tests passed at equal harmful score, against the alternatives. */
function equalHarmText(points: readonly PruningPoint[]): string {
  const against =
    (name: 'random' | 'scaling') =>
    (point: PruningPoint): string => {
      const found = point.atEqualHarm[name];
      if (found === null) return '';
      const { estimate, low, high } = found.difference;
      const signed = (value: number): string => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(1)}`;
      return `${signed(estimate)} (${signed(low)} to ${signed(high)})${found.reach === 'below' ? ' *' : ''}`;
    };
  const table = formatTable(
    [
      { title: 'tests at equal harmful score', align: 'left', cell: ({ alphas }) => `alpha ${alphas.join(', ')}` },
      { title: 'against random masks', align: 'right', cell: against('random') },
      { title: 'against scaling', align: 'right', cell: against('scaling') },
      { title: 'worth it', align: 'left', cell: ({ worthIt }) => (worthIt ? 'yes' : 'no') },
    ],
    points,
  );
  const starred = points.some(({ atEqualHarm }) => Object.values(atEqualHarm).some((one) => one?.reach === 'below'));
  return `${table}${starred ? '* the alternative never gets so low; compared with its lowest\n' : ''}`;
}

function moduleText({ alphas, modules }: PruningPoint): string {
  const byLayer = new Map<number, { pruned: number; entries: number }>();
  for (const { layer, pruned, entries } of modules) {
    const sum = byLayer.get(layer) ?? { pruned: 0, entries: 0 };
    byLayer.set(layer, { pruned: sum.pruned + pruned, entries: sum.entries + entries });
  }
  const layers = [...byLayer].map(
    ([layer, { pruned, entries }]) => `${layer}: ${pruned} (${percent(pruned / entries)})`,
  );
  return `Pruned by layer at alpha ${alphas[0]}: ${layers.join(', ')}\n`;
}

function rowText({ rows, points, shown }: PruneProposal): string {
  const shared = rows
    .filter((row) => row.share !== null)
    .sort((a, b) => b.share! - a.share!)
    .slice(0, listedRows);
  if (shared.length === 0) return '';
  const named = shared.map(
    ({ file, line, row, share }) => `${file}${line === null ? ` row ${row}` : `:${line}`} ${percent(share!)}`,
  );
  return `Realign rows that drive the mask of alpha ${points[shown]!.alphas[0]} most: ${named.join(', ')}\n`;
}

function exampleText({ examples, points, shown }: PruneProposal): string {
  const texts = examples.map(
    ({ role, prompt, before, after }) =>
      `${role}: ${oneLine(prompt, 100)}\n  before: ${oneLine(before, 100)}\n  after:  ${oneLine(after, 100)}\n`,
  );
  return texts.length === 0 ? '' : `Answers before and after alpha ${points[shown]!.alphas[0]}:\n${texts.join('')}`;
}
