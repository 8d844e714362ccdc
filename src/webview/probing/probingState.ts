import type { TableView } from '../shared/virtualTable';
import type { CellFigure, Side } from './probingFigures';

/** Which rows of the chosen cell are listed. */
export type RowList =
  | { readonly kind: 'all' }
  /** Read wrong here; of a difference, read otherwise by the base. */
  | { readonly kind: 'wrong' }
  | { readonly kind: 'doubts' }
  /** An entry of the confusion matrix: places in `classes`. */
  | { readonly kind: 'entry'; readonly from: number; readonly to: number };

/** What the user has chosen in the panel; kept while it is hidden. */
export interface ProbingView {
  readonly side: Side;
  readonly figure: CellFigure;
  /** null: the best of the side. */
  readonly cell: { readonly layer: number; readonly position: string } | null;
  readonly list: RowList;
  readonly table: TableView;
}

export const firstView: ProbingView = {
  side: 'tuned',
  figure: 'accuracy',
  cell: null,
  list: { kind: 'all' },
  table: { sort: { key: 'rank', direction: 'ascending' }, selected: null },
};

/** The view that was kept, where it is one; anything else begins anew. */
export function keptView(value: unknown): ProbingView {
  const fields = fieldsOf(value);
  const table = fieldsOf(fields.table);
  const sort = fieldsOf(table.sort);
  const cell = fieldsOf(fields.cell);
  const list = fieldsOf(fields.list);
  return {
    side: oneOf(fields.side, ['tuned', 'base', 'difference'], firstView.side),
    figure: oneOf(fields.figure, ['accuracy', 'selectivity', 'control', 'auc', 'agreement'], firstView.figure),
    cell:
      typeof cell.layer === 'number' && typeof cell.position === 'string'
        ? { layer: cell.layer, position: cell.position }
        : null,
    list:
      list.kind === 'entry' && isPlace(list.from) && isPlace(list.to)
        ? { kind: 'entry', from: list.from, to: list.to }
        : { kind: oneOf(list.kind, ['all', 'wrong', 'doubts'], 'all') },
    table: {
      sort:
        typeof sort.key === 'string'
          ? { key: sort.key, direction: oneOf(sort.direction, ['ascending', 'descending'], 'ascending') }
          : firstView.table.sort,
      selected: typeof table.selected === 'string' ? table.selected : null,
    },
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function oneOf<const T extends string>(value: unknown, known: readonly T[], otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
