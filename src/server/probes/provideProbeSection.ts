import type { LabelProbe, ProbedRow, ProjectedRow, RowReading } from '../../protocol/probing';
import { escapeMarkdown } from '../features/renderRow';
import { confidence } from '../tags/probeTags';
import type { ProbedLine } from './createProbeIndex';
import { trustworthyProbe } from './trustworthyProbe';

/**
 * What the shown probe says of a row, in markdown: for hovers.
 *
 * @param verdict `right`: a person found the label right
 */
export function provideProbeSection(probed: ProbedLine, verdict: 'right' | 'none'): string {
  const stale =
    '*The row was edited since it was probed: what the probe read is not true of it any more. Probe again.*';
  if (probed.known.state === 'stale') return [heading(probed), stale].join('\n\n');
  return probed.kind === 'label'
    ? labelSection(probed.probe, probed.known.row, verdict)
    : [heading(probed), ...conceptLines(probed.known.row, probed.rows)].join('\n\n');
}

function heading(probed: ProbedLine): string {
  return probed.kind === 'label'
    ? `**${probed.known.row.disagrees ? '◇' : '◆'} Probe** for ${escapeMarkdown(clipped(probed.probe.label))}`
    : '**Direction** between two sets of rows';
}

function labelSection(probe: LabelProbe, row: ProbedRow, verdict: 'right' | 'none'): string {
  const says = row.disagrees
    ? `The label is **${text(row.label)}** (probability ${row.probability.toFixed(2)}), the probe reads **${text(row.predicted)}** (${confidence(row).toFixed(2)}).`
    : `The probe reads the label: **${text(row.label)}** (probability ${row.probability.toFixed(2)}).`;
  const doubts = probe.rows.filter(({ disagrees }) => disagrees).length;
  const rank = row.disagrees
    ? `Doubt ${row.rank} of ${doubts}: 1 fits its label least.`
    : `No doubt: its label is the likeliest (rank ${row.rank} of ${probe.rows.length} by doubt).`;
  const notes = [
    rank,
    ...(verdict === 'right' ? ['You said that the label is right.'] : []),
    ...(trustworthyProbe(probe) ? [] : ['This probe reads no better than chance: its doubts say nothing.']),
  ];
  const table = [
    '| model | reads | p(label) | margin, nats |',
    '|---|---|--:|--:|',
    readingLine('fine-tuned', row.tuned, probe, 'tuned'),
    ...(row.base === null ? [] : [readingLine('base', row.base, probe, 'base')]),
  ].join('\n');
  return [
    `**${row.disagrees ? '◇' : '◆'} Probe** for ${text(probe.label)}: ${says}`,
    table,
    notes.join(' '),
    `*Read by a probe of the ${probe.readBy === 'base' ? 'base' : 'fine-tuned'} model that never saw this row nor rows alike. It shows what can be read in the model, not what it uses, nor which label is right.*`,
  ].join('\n\n');
}

function readingLine(name: string, reading: RowReading, { best }: LabelProbe, model: 'tuned' | 'base'): string {
  const cell = best.find((one) => one.model === model);
  const where = cell === undefined ? '' : ` (${layerName(cell.layer)}, ${text(cell.position)})`;
  return `| ${name}${where} | ${text(reading.predicted)} | ${reading.probability.toFixed(2)} | ${reading.margin.toFixed(2)} |`;
}

function conceptLines(row: ProjectedRow, rows: number): readonly string[] {
  const base = row.base === null ? '' : `, base ${row.base.toFixed(2)}`;
  return [
    `Projection **${row.projection.toFixed(2)}** (fine-tuned ${row.tuned.toFixed(2)}${base}); rank ${row.rank} of ${rows}.`,
    '*1: as the mean of the positive rows, -1: as that of the negative ones. It says what the row looks like to the model, not what training on it does.*',
  ];
}

function layerName(layer: number): string {
  return layer === -1 ? 'embedding' : `layer ${layer}`;
}

function text(value: string): string {
  return escapeMarkdown(clipped(value));
}

function clipped(value: string): string {
  return value.length <= 60 ? value : `${value.slice(0, 59)}…`;
}
