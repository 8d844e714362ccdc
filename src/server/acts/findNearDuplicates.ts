import { pathToFileURL } from 'node:url';
import { dataLimits } from '../../data/limits';
import { parseJsonRow } from '../../data/parseRow';
import { detectSchema, schemaSampleRows } from '../../data/schemas/detect';
import { isProblems, toExample } from '../../data/schemas/toExample';
import type { Row } from '../../data/types';
import type { RowReference } from '../../protocol/editorJobs';
import { findNearDuplicates, nearDuplicateSettings } from '../../text/lexical/nearDuplicates';
import { plainText } from '../../text/rows/plainText';
import type { ServerContext } from '../context';
import { type FileLines, fileLines } from '../requests/fileLines';
import { rowPlaces } from '../requests/rowPlaces';
import { isJsonLines } from './lineFormats';

type DuplicatesContext = Pick<ServerContext, 'documents' | 'workspace' | 'traces' | 'findings'>;

/**
 * Rows that are almost the same as one: those of its cluster in the trace that is shown, else by comparing the words of
 * all rows of its file and of the workspace's data, as a trace does.
 */
export function nearDuplicates(row: RowReference, context: DuplicatesContext): readonly RowReference[] {
  return ofTrace(row, context) ?? ofWords(row, context);
}

function ofTrace({ uri, line }: RowReference, context: DuplicatesContext): readonly RowReference[] | undefined {
  const lines = fileLines(context, uri);
  const at = lines === undefined ? undefined : context.findings.at(uri, lines, line);
  const shown = context.traces.shown();
  if (at === undefined || at.state === 'stale' || shown === undefined) return undefined;
  const placeOf = rowPlaces(context);
  return shown.query.rows
    .filter(
      ({ duplicates, file, row }) => duplicates === at.row.duplicates && (file !== at.row.file || row !== at.row.row),
    )
    .flatMap((other) => {
      const place = placeOf(other);
      if (place.uri === null || place.line === null || place.state === 'stale') return [];
      return [{ uri: place.uri, line: place.line }];
    });
}

function ofWords(row: RowReference, context: DuplicatesContext): readonly RowReference[] {
  const data = [...(context.workspace.workspace()?.data.values() ?? [])].map(({ path }) => pathToFileURL(path).href);
  const places: RowReference[] = [];
  const texts: string[] = [];
  for (const uri of new Set([row.uri, ...data])) {
    const lines = isJsonLines(uri) ? fileLines(context, uri) : undefined;
    if (lines === undefined) continue;
    for (const { line, text } of readableRows(lines)) {
      places.push({ uri, line });
      texts.push(text);
    }
  }
  const self = places.findIndex(({ uri, line }) => uri === row.uri && line === row.line);
  if (self < 0) return [];
  const groups = findNearDuplicates(texts, nearDuplicateSettings);
  return places.filter((_, at) => at !== self && groups[at] === groups[self]);
}

/** What people read of each row, with its line; rows that have nothing to read are left out. */
function readableRows(lines: FileLines): { readonly line: number; readonly text: string }[] {
  const rows: { readonly line: number; readonly row: Row }[] = [];
  for (let line = 0; line < lines.count; line++) {
    const address = { file: '', row: line, line: line + 1, bytes: undefined };
    const { row } = parseJsonRow(Buffer.from(lines.text(line)), address, dataLimits);
    if (row !== undefined) rows.push({ line, row });
  }
  const { schema } = detectSchema(rows.slice(0, schemaSampleRows).map(({ row }) => row));
  if (schema === undefined) return [];
  return rows.flatMap(({ line, row }) => {
    const example = toExample(row, schema);
    const text = isProblems(example) ? '' : plainText(example as Exclude<typeof example, readonly unknown[]>);
    return text === '' ? [] : [{ line, text }];
  });
}
