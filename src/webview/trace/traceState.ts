import type { TraceDocument, TracedQuery, TraceMethod } from '../../protocol/influence';
import { type ExportFormat, exportFormats, type TraceSnapshot } from '../../protocol/panels';
import type { TableView } from '../shared/virtualTable';
import type { RowFilter } from './traceFigures';

/** What the user has chosen in the panel; kept while it is hidden. */
export interface TraceView {
  readonly query: number;
  /** null: the first document's. */
  readonly method: TraceMethod | null;
  readonly filter: RowFilter;
  readonly table: TableView;
  readonly exportAs: ExportFormat;
}

export const firstView: TraceView = {
  query: 0,
  method: null,
  filter: { text: '', rows: 'all', group: null },
  table: { sort: { key: 'rank', direction: 'ascending' }, selected: null },
  exportAs: 'html',
};

/** What is shown: one query by one method. */
export interface ShownFinding {
  readonly document: TraceDocument;
  readonly queryIndex: number;
  readonly query: TracedQuery;
}

/** null: the trace has no such query. */
export function shownFinding({ record }: TraceSnapshot, view: TraceView): ShownFinding | null {
  if (record === null) return null;
  const document = record.documents.find(({ method }) => method === view.method) ?? record.documents[0];
  if (document === undefined) return null;
  const queryIndex = view.query < document.queries.length ? view.query : 0;
  const query = document.queries[queryIndex];
  return query === undefined ? null : { document, queryIndex, query };
}

/** The view that was kept, where it is one; anything else begins anew. */
export function keptView(value: unknown): TraceView {
  const fields =
    typeof value === 'object' && value !== null ? (value as Partial<Record<keyof TraceView, unknown>>) : {};
  const table = fields.table as Partial<TableView> | undefined;
  const filter = fields.filter as Partial<RowFilter> | undefined;
  return {
    ...firstView,
    query:
      typeof fields.query === 'number' && Number.isSafeInteger(fields.query) && fields.query >= 0 ? fields.query : 0,
    method: typeof fields.method === 'string' ? (fields.method as TraceMethod) : null,
    filter: {
      text: typeof filter?.text === 'string' ? filter.text : '',
      rows: filter?.rows === 'aboveNull' ? 'aboveNull' : 'all',
      group: typeof filter?.group === 'number' ? filter.group : null,
    },
    table: {
      sort:
        typeof table?.sort?.key === 'string'
          ? { key: table.sort.key, direction: table.sort.direction === 'descending' ? 'descending' : 'ascending' }
          : firstView.table.sort,
      selected: typeof table?.selected === 'string' ? table.selected : null,
    },
    exportAs: exportFormats.find((format) => format === fields.exportAs) ?? firstView.exportAs,
  };
}
