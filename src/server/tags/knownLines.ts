import type { LineHash } from './rowHashes';

/** A row of a result: what its content was, and where it stood. */
export interface KnownRow {
  readonly hash: string;
  /** 1-based; null for binary containers. */
  readonly line: number | null;
}

/** Rows of a result as seen from one file, ready for lookups. */
export interface KnownRows<Row extends KnownRow> {
  readonly byHash: ReadonlyMap<string, readonly Row[]>;
  /** By 0-based line in the file as it was then: rows of this file only. */
  readonly byLine: ReadonlyMap<number, Row>;
}

/** @param rows whose content is looked for; @param own those of them that stood in this very file */
export function indexKnownRows<Row extends KnownRow>(rows: readonly Row[], own: readonly Row[]): KnownRows<Row> {
  const byHash = new Map<string, Row[]>();
  for (const row of rows) {
    const same = byHash.get(row.hash);
    if (same === undefined) byHash.set(row.hash, [row]);
    else same.push(row);
  }
  const byLine = new Map(own.flatMap((row) => (row.line === null ? [] : [[row.line - 1, row] as const])));
  return { byHash, byLine };
}

/** A line with the row that it is, or was before it was edited. */
export interface KnownLine<Row extends KnownRow> {
  readonly line: number;
  readonly row: Row;
  readonly state: 'current' | 'stale';
}

/** Lines around the range that are looked at to know where edited rows stand. */
const around = 40;

/**
 * The rows of a result in lines [first, last). A row is known by its content wherever it stands. A line whose content is
 * unknown is an edited row where the rows known above and below it say which one it must be.
 */
export function knownLines<Row extends KnownRow>(
  lines: { readonly count: number; text(line: number): string },
  first: number,
  last: number,
  known: KnownRows<Row>,
  hashOf: LineHash,
): readonly KnownLine<Row>[] {
  const from = Math.max(0, first - around);
  const to = Math.min(lines.count, last + around);
  const exact = new Map<number, Row>();
  const unknown: number[] = [];
  for (let line = from; line < to; line++) {
    const hash = hashOf(lines.text(line));
    const row = hash === undefined ? undefined : nearestRow(known.byHash.get(hash), line);
    if (row !== undefined) exact.set(line, row);
    else if (lines.text(line).trim() !== '') unknown.push(line);
  }
  const found: KnownLine<Row>[] = [];
  for (const [line, row] of exact) if (line >= first && line < last) found.push({ line, row, state: 'current' });
  for (const line of unknown) {
    if (line < first || line >= last) continue;
    const row = editedRow(line, from, to, exact, known);
    if (row !== undefined) found.push({ line, row, state: 'stale' });
  }
  return found.sort((a, b) => a.line - b.line);
}

/** Of equal rows the one that stood nearest. */
function nearestRow<Row extends KnownRow>(rows: readonly Row[] | undefined, line: number): Row | undefined {
  if (rows === undefined || rows.length === 1) return rows?.[0];
  const distance = (row: Row): number => Math.abs((row.line ?? 0) - 1 - line);
  return rows.reduce((best, row) => (distance(row) < distance(best) ? row : best));
}

/** Between two known rows with as many lines between them as there were, each unknown line is the row it was. */
function editedRow<Row extends KnownRow>(
  line: number,
  from: number,
  to: number,
  exact: ReadonlyMap<number, Row>,
  known: KnownRows<Row>,
): Row | undefined {
  let above = line - 1;
  while (above >= from && !exact.has(above)) above -= 1;
  let below = line + 1;
  while (below < to && !exact.has(below)) below += 1;
  const shiftAbove = above < from ? (from === 0 ? 0 : undefined) : shiftOf(exact.get(above)!, above);
  const shiftBelow = below >= to ? undefined : shiftOf(exact.get(below)!, below);
  const shift = shiftAbove ?? shiftBelow;
  if (shift === undefined || (shiftBelow !== undefined && shiftAbove !== shiftBelow)) return undefined;
  return known.byLine.get(line + shift);
}

function shiftOf(row: KnownRow, line: number): number | undefined {
  return row.line === null ? undefined : row.line - 1 - line;
}
