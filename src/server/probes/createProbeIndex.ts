/**
 * probes/ says what the shown probe says of rows of open files: doubts about labels, their fixes, hovers. Rows are known
 * by their content. It computes no probe, and of a row that was edited since it says so instead of a figure.
 */
import type { LabelProbe, ProbedRow, ProjectedRow } from '../../protocol/probing';
import type { AnalysisShelf } from '../analyses/createAnalysisShelf';
import type { RowDocument } from '../documents/rowDocument';
import type { Lines } from '../findings/createFindingIndex';
import { indexKnownRows, type KnownLine, type KnownRow, type KnownRows, knownLines } from '../tags/knownLines';
import type { LineHash } from '../tags/rowHashes';
import type { WorkspaceWatch } from '../workspaceWatch';
import { trustworthyProbe } from './trustworthyProbe';

/** A row whose label the probe reads otherwise, where it stands now. */
export interface DoubtedLine {
  readonly line: number;
  readonly row: ProbedRow;
}

/** What the shown probe says of the row on a line. */
export type ProbedLine =
  | { readonly kind: 'label'; readonly probe: LabelProbe; readonly known: KnownLine<ProbedRow> }
  | { readonly kind: 'concept'; readonly rows: number; readonly known: KnownLine<ProjectedRow> };

export interface ProbeIndex {
  /** Rows in doubt that stand in a document unchanged, the most doubtful first; none where the probe reads no better than chance. */
  doubts(rows: RowDocument): readonly DoubtedLine[];
  /** The doubt about the row of this content. */
  doubtOf(hash: string): ProbedRow | undefined;
  /** undefined: no probe is shown, or the row was not probed. */
  at(uri: string, lines: Lines, line: number): ProbedLine | undefined;
  /** The label that the shown probe is about; undefined: none is shown, or it is a direction. */
  label(): LabelProbe | undefined;
}

export function createProbeIndex(
  analyses: Pick<AnalysisShelf, 'shown'>,
  workspace: Pick<WorkspaceWatch, 'uriOf'>,
  hashOf: LineHash,
): ProbeIndex {
  let doubted: { readonly of: LabelProbe; readonly byHash: ReadonlyMap<string, ProbedRow> } | undefined;
  let placed: { readonly of: readonly KnownRow[]; readonly byUri: Map<string, KnownRows<KnownRow>> } | undefined;

  const label = (): LabelProbe | undefined => {
    const probe = analyses.shown('probe')?.result.probe;
    return probe?.kind === 'label' ? probe : undefined;
  };
  const doubtsByHash = (): ReadonlyMap<string, ProbedRow> => {
    const probe = label();
    if (probe === undefined) return new Map();
    if (doubted?.of !== probe) {
      const rows = trustworthyProbe(probe) ? probe.rows.filter(({ disagrees }) => disagrees) : [];
      doubted = { of: probe, byHash: new Map(rows.map((row) => [row.hash, row])) };
    }
    return doubted.byHash;
  };
  const rowsIn = <Row extends KnownRow & { readonly file: string }>(
    rows: readonly Row[],
    uri: string,
  ): KnownRows<Row> => {
    if (placed?.of !== rows) placed = { of: rows, byUri: new Map() };
    const known = placed.byUri.get(uri) as KnownRows<Row> | undefined;
    if (known !== undefined) return known;
    const own = rows.filter(({ file }) => workspace.uriOf(file) === uri);
    const indexed = indexKnownRows(rows, own);
    placed.byUri.set(uri, indexed);
    return indexed;
  };

  return {
    label,
    doubts: (rows) =>
      [...doubtsByHash().values()]
        .flatMap((row) => rows.linesOfHash(row.hash).map((line) => ({ line, row })))
        .sort((a, b) => a.row.rank - b.row.rank),
    doubtOf: (hash) => doubtsByHash().get(hash),
    at: (uri, lines, line) => {
      const probe = analyses.shown('probe')?.result.probe;
      if (probe === undefined) return undefined;
      if (probe.kind === 'label') {
        const [known] = knownLines(lines, line, line + 1, rowsIn(probe.rows, uri), hashOf);
        return known === undefined ? undefined : { kind: 'label', probe, known };
      }
      const [known] = knownLines(lines, line, line + 1, rowsIn(probe.rows, uri), hashOf);
      return known === undefined ? undefined : { kind: 'concept', rows: probe.rows.length, known };
    },
  };
}
