import type { TracedRow } from '../../protocol/influence';
import type { LineHash } from './rowHashes';

/** What a finding says of one file's rows, ready for lookups. */
export interface TracedFile {
  readonly byHash: ReadonlyMap<string, readonly TracedRow[]>;
  /** By 0-based line in the file as it was traced. */
  readonly byLine: ReadonlyMap<number, TracedRow>;
  readonly strongest: number;
  readonly rankWidth: number;
}

/** @param rows of one file */
export function indexTracedRows(rows: readonly TracedRow[]): TracedFile {
  const byHash = new Map<string, TracedRow[]>();
  const byLine = new Map<number, TracedRow>();
  let strongest = 0;
  for (const row of rows) {
    const same = byHash.get(row.hash);
    if (same === undefined) byHash.set(row.hash, [row]);
    else same.push(row);
    if (row.line !== null) byLine.set(row.line - 1, row);
    strongest = Math.max(strongest, Math.abs(row.score));
  }
  return { byHash, byLine, strongest, rankWidth: `${rows.length}`.length };
}

/** A line with the row that it is, or was before it was edited. */
export interface TracedLine {
  readonly line: number;
  readonly row: TracedRow;
  readonly state: 'current' | 'stale';
}

/** Lines around the range that are looked at to know where edited rows stand. */
const around = 40;

/**
 * The traced rows of lines [first, last). A row is known by its content wherever it stands. A line whose content is
 * unknown is an edited row where the rows known above and below it say which one it must be.
 */
export function tracedLines(
  lines: { readonly count: number; text(line: number): string },
  first: number,
  last: number,
  traced: TracedFile,
  hashOf: LineHash,
): readonly TracedLine[] {
  const from = Math.max(0, first - around);
  const to = Math.min(lines.count, last + around);
  const exact = new Map<number, TracedRow>();
  const unknown: number[] = [];
  for (let line = from; line < to; line++) {
    const hash = hashOf(lines.text(line));
    const row = hash === undefined ? undefined : nearestRow(traced.byHash.get(hash), line);
    if (row !== undefined) exact.set(line, row);
    else if (lines.text(line).trim() !== '') unknown.push(line);
  }
  const found: TracedLine[] = [];
  for (const [line, row] of exact) if (line >= first && line < last) found.push({ line, row, state: 'current' });
  for (const line of unknown) {
    if (line < first || line >= last) continue;
    const row = editedRow(line, from, to, exact, traced);
    if (row !== undefined) found.push({ line, row, state: 'stale' });
  }
  return found.sort((a, b) => a.line - b.line);
}

/** Of equal rows the one that stood nearest. */
function nearestRow(rows: readonly TracedRow[] | undefined, line: number): TracedRow | undefined {
  if (rows === undefined || rows.length === 1) return rows?.[0];
  const distance = (row: TracedRow): number => Math.abs((row.line ?? 0) - 1 - line);
  return rows.reduce((best, row) => (distance(row) < distance(best) ? row : best));
}

/** Between two known rows with as many lines between them as there were, each unknown line is the row it was. */
function editedRow(
  line: number,
  from: number,
  to: number,
  exact: ReadonlyMap<number, TracedRow>,
  traced: TracedFile,
): TracedRow | undefined {
  let above = line - 1;
  while (above >= from && !exact.has(above)) above -= 1;
  let below = line + 1;
  while (below < to && !exact.has(below)) below += 1;
  const shiftAbove = above < from ? (from === 0 ? 0 : undefined) : shiftOf(exact.get(above)!, above);
  const shiftBelow = below >= to ? undefined : shiftOf(exact.get(below)!, below);
  const shift = shiftAbove ?? shiftBelow;
  if (shift === undefined || (shiftBelow !== undefined && shiftAbove !== shiftBelow)) return undefined;
  return traced.byLine.get(line + shift);
}

function shiftOf(row: TracedRow, line: number): number | undefined {
  return row.line === null ? undefined : row.line - 1 - line;
}
