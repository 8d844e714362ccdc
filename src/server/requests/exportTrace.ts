import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { csvText, parquetBytes, type TableColumn } from '../../data/tables/tableBytes';
import { makeFolder, writeAtomically, writeFully } from '../../data/writeFile';
import { type TraceLine, traceColumns, traceLines } from '../../jobs/traceTable';
import type { EditorRequests } from '../../protocol/editor';
import type { TraceRecord } from '../../protocol/editorFindings';
import { inputError } from '../../protocol/errors';
import type { ServerContext } from '../context';
import { renderReport } from '../reports/renderReport';

type ExportContext = Pick<ServerContext, 'traces' | 'workspace' | 'options'>;

/**
 * Writes a trace with the user's verdicts: as the command line writes it (JSON, CSV, Parquet), or as one HTML file.
 *
 * @param assets folder of the built report view
 * @throws UserError `trace-unknown`, `out-is-input`, `write-failed`
 */
export async function exportTrace(
  { trace, format, file }: EditorRequests['whence/export']['params'],
  { traces, workspace, options }: ExportContext,
  assets: string,
): Promise<void> {
  const record = traces.read(trace);
  if (record === undefined)
    throw inputError('trace-unknown', 'That trace is not kept any more.', 'Trace the behaviour again.');
  if (!path.isAbsolute(file)) throw inputError('write-failed', `${file} is no full path.`, 'Choose a place for it.');
  refuseSources(file, workspace);
  const verdictOf = (hash: string): string => traces.verdictOf(hash);
  const content = await contentOf(record, format, verdictOf, { assets, locale: options.locale });
  makeFolder(path.dirname(file));
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  await writeAtomically(file, (descriptor) => writeFully(descriptor, bytes));
}

async function contentOf(
  record: TraceRecord,
  format: EditorRequests['whence/export']['params']['format'],
  verdictOf: (hash: string) => string,
  { assets, locale }: { readonly assets: string; readonly locale: string },
): Promise<string | Uint8Array> {
  const verdict: TableColumn<TraceLine> = { name: 'verdict', type: 'STRING', value: ({ row }) => verdictOf(row.hash) };
  const columns = [...traceColumns, verdict];
  switch (format) {
    case 'csv':
      return csvText(columns, traceLines(record.documents));
    case 'parquet':
      return parquetBytes(columns, traceLines(record.documents));
    case 'json':
      return `${JSON.stringify(jsonOf(record, verdictOf))}\n`;
    case 'html': {
      const read = (name: string): string => readFileSync(path.join(assets, name), 'utf8');
      return renderReport(record, { script: read('report.js'), style: read('report.css'), locale });
    }
  }
}

/** As `whence trace --json` of several methods, with what the user said of rows. */
function jsonOf({ model, device, seconds, documents }: TraceRecord, verdictOf: (hash: string) => string) {
  const hashes = new Set(
    documents.flatMap(({ queries }) => queries.flatMap(({ rows }) => rows.map(({ hash }) => hash))),
  );
  const verdicts = Object.fromEntries(
    [...hashes].map((hash) => [hash, verdictOf(hash)] as const).filter(([, verdict]) => verdict !== 'none'),
  );
  return { schema: 'whence.trace/1', model, device, seconds, results: documents, verdicts };
}

/** No file that is read is written to. */
function refuseSources(file: string, { workspace }: ExportContext['workspace']): void {
  const found = workspace();
  if (found === undefined || !existsSync(file)) return;
  const sources = [found.file, found.queries, found.behaviours, ...[...found.data.values()].map((data) => data.path)];
  const target = realpathSync(file);
  if (!sources.some((source) => source !== undefined && existsSync(source) && realpathSync(source) === target)) return;
  throw inputError('out-is-input', `${file} is a file of the workspace that is read.`, 'Choose another name.');
}
