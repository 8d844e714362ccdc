import type { TraceRecord } from '../../protocol/editorFindings';
import type { TracedRow } from '../../protocol/influence';

/** Rows of one query that are sent to a panel at most; a snapshot is sent whole. */
export const mostPanelRows = 20_000;

/** The record with at most so many rows of each query, the strongest of either sign, and how many were left out. */
export function boundRecord(
  record: TraceRecord,
  most: number,
): { readonly record: TraceRecord; readonly omittedRows: number } {
  let omittedRows = 0;
  const documents = record.documents.map((document) => ({
    ...document,
    queries: document.queries.map((query) => {
      if (query.rows.length <= most) return query;
      omittedRows = Math.max(omittedRows, query.rows.length - most);
      return { ...query, rows: strongest(query.rows, most) };
    }),
  }));
  return omittedRows === 0 ? { record, omittedRows } : { record: { ...record, documents }, omittedRows };
}

function strongest(rows: readonly TracedRow[], most: number): readonly TracedRow[] {
  return [...rows]
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score) || a.rank - b.rank)
    .slice(0, most)
    .sort((a, b) => a.rank - b.rank);
}
