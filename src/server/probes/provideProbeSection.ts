import type { Say } from '../../protocol/display/serverText';
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
export function provideProbeSection(probed: ProbedLine, verdict: 'right' | 'none', say: Say): string {
  if (probed.known.state === 'stale') return [heading(probed, say), say('probe.stale')].join('\n\n');
  return probed.kind === 'label'
    ? labelSection(probed.probe, probed.known.row, verdict, say)
    : [heading(probed, say), ...conceptLines(probed.known.row, probed.rows, say)].join('\n\n');
}

function heading(probed: ProbedLine, say: Say): string {
  return probed.kind === 'label' ? labelHeading(probed.probe, probed.known.row, say) : say('probe.direction');
}

function labelHeading({ label }: LabelProbe, { disagrees }: ProbedRow, say: Say): string {
  return say('probe.for', { mark: disagrees ? '◇' : '◆', label: text(label) });
}

function labelSection(probe: LabelProbe, row: ProbedRow, verdict: 'right' | 'none', say: Say): string {
  const label = text(row.label);
  const probability = row.probability.toFixed(2);
  const says = row.disagrees
    ? say('probe.disagrees', {
        label,
        probability,
        predicted: text(row.predicted),
        confidence: confidence(row).toFixed(2),
      })
    : say('probe.agrees', { label, probability });
  const doubts = probe.rows.filter(({ disagrees }) => disagrees).length;
  const notes = [
    row.disagrees
      ? say('probe.doubt', { rank: row.rank, count: doubts })
      : say('probe.noDoubt', { rank: row.rank, count: probe.rows.length }),
    ...(verdict === 'right' ? [say('probe.right')] : []),
    ...(trustworthyProbe(probe) ? [] : [say('probe.chance')]),
  ];
  const table = [
    say('probe.table'),
    '|---|---|--:|--:|',
    readingLine(row.tuned, probe, 'tuned', say),
    ...(row.base === null ? [] : [readingLine(row.base, probe, 'base', say)]),
  ].join('\n');
  return [
    `${labelHeading(probe, row, say)}: ${says}`,
    table,
    notes.join(' '),
    probe.readBy === 'base' ? say('probe.readByBase') : say('probe.readByTuned'),
  ].join('\n\n');
}

function readingLine(reading: RowReading, { best }: LabelProbe, model: 'tuned' | 'base', say: Say): string {
  const cell = best.find((one) => one.model === model);
  const where = cell === undefined ? '' : ` (${layerName(cell.layer, say)}, ${text(cell.position)})`;
  return `| ${say(`probe.${model}`)}${where} | ${text(reading.predicted)} | ${reading.probability.toFixed(2)} | ${reading.margin.toFixed(2)} |`;
}

function conceptLines(row: ProjectedRow, count: number, say: Say): readonly string[] {
  const values = { projection: row.projection.toFixed(2), tuned: row.tuned.toFixed(2), rank: row.rank, count };
  return [
    row.base === null
      ? say('probe.projection', values)
      : say('probe.projectionWithBase', { ...values, base: row.base.toFixed(2) }),
    say('probe.projectionMeaning'),
  ];
}

function layerName(layer: number, say: Say): string {
  return layer === -1 ? say('probe.embedding') : say('probe.layer', { layer });
}

function text(value: string): string {
  return escapeMarkdown(clipped(value));
}

function clipped(value: string): string {
  return value.length <= 60 ? value : `${value.slice(0, 59)}…`;
}
