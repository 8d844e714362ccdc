import path from 'node:path';
import type { TraceRecord } from '../../../src/protocol/editorFindings';
import { keptTraceIds, readKeptTrace } from '../../../src/store/keptTraces';

/** Lines of a file that a window's editor shows at a time, about. */
const shownLines = 36;

/**
 * Where in a training file the rows that stand out lie closest: the 1-based line in the middle of the stretch, as high as an
 * editor shows, that holds most of them. Read from the newest trace that the workspace keeps.
 */
export function denseLine(workspaceFolder: string): number {
  const store = path.join(workspaceFolder, '.whence');
  const records = keptTraceIds(store).map((id) => readKeptTrace(store, id));
  const traces = records.filter((record) => Array.isArray(record?.documents)) as unknown as readonly TraceRecord[];
  const rows = traces.at(-1)?.documents[0]?.queries[0]?.rows.filter(({ aboveNull }) => aboveNull) ?? [];
  const lines = rows.map(({ line }) => line!);
  if (lines.length === 0) throw new Error('the newest trace of the workspace has no row that stands out');
  const within = (first: number) => lines.filter((line) => line >= first && line < first + shownLines).length;
  const first = lines.reduce((best, line) => (within(line) > within(best) ? line : best));
  return first + Math.floor(shownLines / 2);
}
