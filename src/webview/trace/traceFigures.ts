/** What the Trace panel computes of a trace: bins, groups, agreement of methods. Pure: no DOM. */
import type { TraceDocument, TracedQuery, TracedRow, TraceMethod } from '../../protocol/influence';
import { otherStyle, type SeriesStyle, seriesStyles } from '../shared/seriesStyles';

/** A row's name within a trace. */
export function rowKey({ file, row }: Pick<TracedRow, 'file' | 'row'>): string {
  return `${file}#${row}`;
}

// --- distribution ------------------------------------------------------------------------------------------------------

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Below it, float64 loses digits. */
const smallestNormal = 2 ** -1022;

/** Bins of one width over the range of the values, at most `most`; the threshold, where there is one, is an edge. */
export function histogram(values: readonly number[], most: number, threshold: number | null): readonly Bin[] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [];
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const width = (high - low) / most;
  // Also where the range is too small or too large to be divided in floating point.
  if (!(width >= smallestNormal && width < Number.POSITIVE_INFINITY))
    return [{ from: low, to: high, count: finite.length }];
  const inside = threshold !== null && threshold > low && threshold < high;
  // Edges count from the threshold, so that no bin holds scores of both sides.
  const origin = inside ? threshold - Math.ceil((threshold - low) / width) * width : low;
  const bins = Math.max(1, Math.ceil((high - origin) / width - 1e-9));
  const counts = new Array<number>(bins).fill(0);
  for (const value of finite) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - origin) / width)));
    counts[bin] = counts[bin]! + 1;
  }
  return counts.map((count, i) => ({ from: origin + i * width, to: origin + (i + 1) * width, count }));
}

// --- groups ------------------------------------------------------------------------------------------------------------

/** Groups of this many rows or more have a look of their own; single rows share one. */
const leastRows = 2;

/** The look of each group that has one: the first listed, as many as there are looks. */
export function groupLooks(query: Pick<TracedQuery, 'groups'>): ReadonlyMap<number, SeriesStyle> {
  const listed = query.groups.filter(({ rows }) => rows >= leastRows).slice(0, seriesStyles.length);
  return new Map(listed.map(({ group }, i) => [group, seriesStyles[i]!]));
}

export function lookOf(looks: ReadonlyMap<number, SeriesStyle>, group: number): SeriesStyle {
  return looks.get(group) ?? otherStyle;
}

// --- filtering ---------------------------------------------------------------------------------------------------------

export interface RowFilter {
  /** Words that must all be in the row's text or file; lower and upper case are one. */
  readonly text: string;
  readonly rows: 'all' | 'aboveNull';
  /** null: all. */
  readonly group: number | null;
}

export function filterRows(rows: readonly TracedRow[], filter: RowFilter): readonly TracedRow[] {
  const words = filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter.rows === 'aboveNull' && !row.aboveNull) return false;
    if (filter.group !== null && row.group !== filter.group) return false;
    if (words.length === 0) return true;
    const text = `${row.text} ${row.file}:${row.line ?? row.row}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

// --- methods beside each other -----------------------------------------------------------------------------------------

export interface MethodAgreement {
  readonly one: TraceMethod;
  readonly other: TraceMethod;
  /** Rows that both list. */
  readonly rows: number;
  /** Spearman's rank correlation over those rows; null: fewer than three, or all equal. */
  readonly correlation: number | null;
  /** Rows in both lists' first `top`. */
  readonly shared: number;
  readonly top: number;
}

/** Every pair of methods on one query. @param top length of the lists that are compared */
export function compareMethods(
  documents: readonly TraceDocument[],
  query: number,
  top: number,
): readonly MethodAgreement[] {
  const listed = documents.flatMap((document) => {
    const rows = document.queries[query]?.rows ?? [];
    return rows.length === 0 ? [] : [{ method: document.method, rows }];
  });
  return listed.flatMap((one, i) => listed.slice(i + 1).map((other) => agreement(one, other, top)));
}

interface Listed {
  readonly method: TraceMethod;
  readonly rows: readonly TracedRow[];
}

function agreement(one: Listed, other: Listed, top: number): MethodAgreement {
  const scores = new Map(other.rows.map((row) => [rowKey(row), row.score]));
  const both = one.rows.flatMap((row) => {
    const score = scores.get(rowKey(row));
    return score === undefined ? [] : [[row.score, score] as const];
  });
  const first = topKeys(other.rows, top);
  const shared = [...topKeys(one.rows, top)].filter((key) => first.has(key)).length;
  return {
    one: one.method,
    other: other.method,
    rows: both.length,
    correlation: spearman(
      both.map(([a]) => a),
      both.map(([, b]) => b),
    ),
    shared,
    top: Math.min(top, one.rows.length, other.rows.length),
  };
}

function topKeys(rows: readonly TracedRow[], top: number): ReadonlySet<string> {
  return new Set(
    [...rows]
      .sort((a, b) => b.score - a.score)
      .slice(0, top)
      .map(rowKey),
  );
}

/** Spearman's rank correlation, ties sharing their mean rank; null below three pairs or where one side is constant. */
export function spearman(a: readonly number[], b: readonly number[]): number | null {
  if (a.length < 3 || a.length !== b.length) return null;
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [dx, dy] = [x[i]! - mean, y[i]! - mean];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

function ranks(values: readonly number[]): Float64Array {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const found = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1;
    for (let k = from; k < to; k++) found[order[k]!] = (from + to - 1) / 2;
    from = to;
  }
  return found;
}
