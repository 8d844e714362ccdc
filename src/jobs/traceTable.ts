import type { TableColumn } from '../data/tables/tableBytes';
import type { TraceDocument, TracedQuery, TracedRow } from '../protocol/influence';

/** A row of a query by one method. */
export interface TraceLine {
  readonly method: string;
  readonly query: TracedQuery;
  readonly row: TracedRow;
}

export function traceLines(documents: readonly TraceDocument[]): TraceLine[] {
  return documents.flatMap(({ method, queries }) =>
    queries.flatMap((query) => query.rows.map((row) => ({ method, query, row }))),
  );
}

/** The columns in which a trace is written as CSV or Parquet. */
export const traceColumns: readonly TableColumn<TraceLine>[] = [
  { name: 'method', type: 'STRING', value: ({ method }) => method },
  { name: 'query', type: 'STRING', value: ({ query }) => query.id },
  { name: 'file', type: 'STRING', value: ({ row }) => row.file },
  { name: 'row', type: 'INT32', value: ({ row }) => row.row },
  { name: 'line', type: 'INT32', value: ({ row }) => row.line },
  { name: 'hash', type: 'STRING', value: ({ row }) => row.hash },
  { name: 'score', type: 'DOUBLE', value: ({ row }) => row.score },
  { name: 'rank', type: 'INT32', value: ({ row }) => row.rank },
  { name: 'aboveNull', type: 'STRING', value: ({ row }) => `${row.aboveNull}` },
  { name: 'kind', type: 'DOUBLE', value: ({ row }) => row.kind?.score ?? null },
  { name: 'kindRank', type: 'INT32', value: ({ row }) => row.kind?.rank ?? null },
  { name: 'bm25Rank', type: 'INT32', value: ({ row }) => row.bm25Rank },
  { name: 'selfInfluence', type: 'DOUBLE', value: ({ row }) => row.selfInfluence },
  { name: 'group', type: 'INT32', value: ({ row }) => row.group },
  { name: 'status', type: 'STRING', value: ({ row }) => row.status },
];
