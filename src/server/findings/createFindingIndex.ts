import type { RowTag, StripMark } from '../../protocol/editorFindings';
import type { TracedRow } from '../../protocol/influence';
import type { MarkPreset } from '../../protocol/settings';
import { influenceStrip, influenceTags, type TagScale, tagScale } from '../tags/influenceTags';
import { indexKnownRows, type KnownLine, type KnownRows, knownLines } from '../tags/knownLines';
import { createLineHash, type LineHash } from '../tags/rowHashes';
import type { ShownFinding, TraceShelf } from '../traces/createTraceShelf';
import type { WorkspaceWatch } from '../workspaceWatch';

/** Lines of a file, open or not. */
export interface Lines {
  readonly count: number;
  text(line: number): string;
}

/** A line with the traced row that it is, or was before it was edited. */
export type TracedLine = KnownLine<TracedRow>;

/** Looks up what the shown finding says of lines. */
export interface FindingIndex {
  tags(uri: string, lines: Lines, first: number, last: number, preset: MarkPreset): readonly RowTag[];
  strip(uri: string, lines: Lines, preset: MarkPreset): readonly StripMark[];
  /** The traced row that a line holds, or held before it was edited. */
  at(uri: string, lines: Lines, line: number): TracedLine | undefined;
  readonly hashOf: LineHash;
}

interface TracedFile {
  readonly rows: KnownRows<TracedRow>;
  readonly scale: TagScale;
}

const mostStripMarks = 1000;

export function createFindingIndex(traces: TraceShelf, workspace: WorkspaceWatch): FindingIndex {
  const hashOf = createLineHash();
  let indexed: { readonly shown: ShownFinding['query']; readonly files: Map<string, TracedFile> } | undefined;

  /** Rows of one file of the shown finding, put in order once. */
  const tracedFile = (uri: string): TracedFile | undefined => {
    const shown = traces.shown();
    if (shown === undefined) return undefined;
    if (indexed?.shown !== shown.query) {
      const byUri = new Map<string, TracedRow[]>();
      for (const row of shown.query.rows) {
        const at = workspace.uriOf(row.file);
        const rows = byUri.get(at);
        if (rows === undefined) byUri.set(at, [row]);
        else rows.push(row);
      }
      const files = new Map(
        [...byUri].map(([at, rows]) => [at, { rows: indexKnownRows(rows, rows), scale: tagScale(rows) }] as const),
      );
      indexed = { shown: shown.query, files };
    }
    return indexed.files.get(uri);
  };

  return {
    hashOf,
    tags: (uri, lines, first, last, preset) => {
      const file = tracedFile(uri);
      if (file === undefined) return [];
      return influenceTags(knownLines(lines, first, last, file.rows, hashOf), file.scale, preset);
    },
    strip: (uri, lines, preset) => {
      const file = tracedFile(uri);
      if (file === undefined) return [];
      return influenceStrip(knownLines(lines, 0, lines.count, file.rows, hashOf), file.scale, preset, mostStripMarks);
    },
    at: (uri, lines, line) => {
      const file = tracedFile(uri);
      return file === undefined ? undefined : knownLines(lines, line, line + 1, file.rows, hashOf)[0];
    },
  };
}
