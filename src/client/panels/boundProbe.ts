import type { ProbeRecord } from '../../protocol/panels';
import type { LabelProbe } from '../../protocol/probing';

/** Rows of one probe that are sent to a panel at most; a snapshot is sent whole. */
export const mostProbedRows = 5_000;

/**
 * The record with at most so many rows, and how many were left out. Of a label's probe those stay that fit their labels
 * least; of a direction the two ends. Predictions of cells stay with their rows; figures and confusions are of all rows.
 */
export function boundProbe(
  record: ProbeRecord,
  most: number,
): { readonly record: ProbeRecord; readonly omittedRows: number } {
  const { result } = record;
  const { probe } = result;
  const omittedRows = Math.max(0, probe.rows.length - most);
  if (omittedRows === 0) return { record, omittedRows };
  if (probe.kind === 'concept') {
    const byRank = [...probe.rows].sort((a, b) => a.rank - b.rank);
    const first = Math.ceil(most / 2);
    const rows = [...byRank.slice(0, first), ...byRank.slice(byRank.length - (most - first))];
    return { record: { ...record, result: { ...result, probe: { ...probe, rows } } }, omittedRows };
  }
  return { record: { ...record, result: { ...result, probe: boundRows(probe, most) } }, omittedRows };
}

function boundRows(probe: LabelProbe, most: number): LabelProbe {
  const kept = [...probe.rows.keys()]
    .sort((a, b) => probe.rows[a]!.rank - probe.rows[b]!.rank)
    .slice(0, most)
    .sort((a, b) => a - b);
  const cut = <Cell extends { readonly predicted: readonly number[] }>(cell: Cell): Cell => ({
    ...cell,
    predicted: kept.map((place) => cell.predicted[place]!),
  });
  return {
    ...probe,
    rows: kept.map((place) => probe.rows[place]!),
    cells: probe.cells.map(cut),
    // Nobody looks at the rows behind a baseline.
    baselines: probe.baselines.map((cell) => ({ ...cell, predicted: [] })),
  };
}
