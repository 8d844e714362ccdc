import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { html, nothing, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import { keepLast } from './keepLast';

export interface TableColumn<Row> {
  readonly key: string;
  readonly title: string;
  /** What the figure means, shown over the heading. */
  readonly help: string;
  /** A track of a CSS grid: `6rem`, `minmax(12rem, 1fr)`. */
  readonly track: string;
  readonly align: 'start' | 'end';
  readonly cell: (row: Row) => unknown;
  /** Ascending order; undefined: the column cannot be sorted by. */
  readonly order: ((a: Row, b: Row) => number) | undefined;
  /** Which way the first click sorts. */
  readonly first: Direction;
}

export type Direction = 'ascending' | 'descending';

/** What is kept of a table while it is hidden. */
export interface TableView {
  readonly sort: { readonly key: string; readonly direction: Direction };
  /** Key of the selected row; null: none. */
  readonly selected: string | null;
}

export interface TableOptions<Row> {
  /** Unique in the document. */
  readonly id: string;
  readonly label: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly empty: string;
  /** Width below which the table scrolls sideways, a CSS length. */
  readonly leastWidth: string;
  readonly onView: (view: TableView) => void;
  /** Enter or a double click. */
  readonly onOpen: (row: Row) => void;
}

/** Pixels; rows are of one height, so that scrolling never jumps. */
const rowHeight = 24;
const overscan = 8;
/** Rows that Page Up and Page Down move by. */
const page = 12;

/** A table of any length of which only the visible rows are in the document. Keyboard: arrows, Page, Home, End, Enter. */
export interface VirtualTable<Row> {
  render(rows: readonly Row[], view: TableView, options: TableOptions<Row>): TemplateResult;
  /** Brings a row into view and gives it the selection. */
  reveal(key: string): void;
}

export function createVirtualTable<Row>(changed: () => void): VirtualTable<Row> {
  const scroller = createRef<HTMLElement>();
  let shown: readonly Row[] = [];
  let now: { readonly view: TableView; readonly options: TableOptions<Row> } | undefined;
  let mounted: HTMLElement | undefined;
  let unmount: (() => void) | undefined;
  const settings = () => ({
    count: shown.length,
    getScrollElement: () => scroller.value ?? null,
    estimateSize: () => rowHeight,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    overscan,
    scrollPaddingStart: rowHeight,
    onChange: changed,
  });
  const virtualizer = new Virtualizer<HTMLElement, HTMLElement>(settings());
  const sorted = keepLast(sortRows<Row>);

  /** After the render: the scrolling element is there, or is another one. */
  const settle = (): void => {
    if (scroller.value !== mounted) {
      unmount?.();
      mounted = scroller.value;
      unmount = mounted === undefined ? undefined : virtualizer._didMount();
    }
    virtualizer._willUpdate();
  };

  const select = (index: number): void => {
    const row = shown[index];
    if (row === undefined || now === undefined) return;
    virtualizer.scrollToIndex(index, { align: 'auto' });
    now.options.onView({ ...now.view, selected: now.options.keyOf(row) });
  };

  const onKey = (event: KeyboardEvent, at: number): void => {
    if (event.target !== event.currentTarget) return;
    const row = shown[at];
    if (event.key === 'Enter' && row !== undefined) now?.options.onOpen(row);
    else {
      const next = target(event.key, at, shown.length);
      if (next === null) return;
      select(next);
    }
    event.preventDefault();
  };

  return {
    render(rows, view, options) {
      const column = options.columns.find(({ key }) => key === view.sort.key) ?? options.columns[0]!;
      shown = sorted(rows, column.order, view.sort.direction);
      now = { view, options };
      virtualizer.setOptions(settings());
      queueMicrotask(settle);
      const at = shown.findIndex((row) => options.keyOf(row) === view.selected);
      const tracks = `grid-template-columns: ${options.columns.map(({ track }) => track).join(' ')}`;
      return html`<div class="grid-scroll" ${ref(scroller)} role="grid" tabindex="0" aria-label=${options.label}
        aria-rowcount=${shown.length + 1} aria-colcount=${options.columns.length}
        aria-activedescendant=${at < 0 ? '' : rowId(options.id, at)}
        @keydown=${(event: KeyboardEvent) => onKey(event, at)}>
        <div class="grid-head" role="rowgroup" .style=${`min-width: ${options.leastWidth}`}>
          <div class="grid-row" role="row" aria-rowindex="1" .style=${tracks}>
            ${options.columns.map((entry) => heading(entry, view, options))}
          </div>
        </div>
        <div class="grid-body" role="rowgroup" .style=${`min-width: ${options.leastWidth}; height: ${Math.max(shown.length, 1) * rowHeight}px`}>
          ${shown.length === 0 ? html`<div class="grid-empty" role="row"><span role="gridcell">${options.empty}</span></div>` : nothing}
          ${virtualizer.getVirtualItems().map(({ index, start }) => {
            const row = shown[index];
            if (row === undefined) return nothing;
            return html`<div class="grid-row grid-line ${index === at ? 'grid-selected' : ''}" role="row"
              id=${rowId(options.id, index)} aria-rowindex=${index + 2} aria-selected=${index === at ? 'true' : 'false'}
              .style=${`${tracks}; transform: translateY(${start}px)`}
              @click=${() => select(index)} @dblclick=${() => options.onOpen(row)}>
              ${options.columns.map(({ cell, align }) => html`<div class="grid-cell grid-${align}" role="gridcell">${cell(row)}</div>`)}
            </div>`;
          })}
        </div>
      </div>`;
    },
    reveal(key) {
      const index = now === undefined ? -1 : shown.findIndex((row) => now?.options.keyOf(row) === key);
      if (index >= 0) select(index);
    },
  };
}

function heading<Row>(column: TableColumn<Row>, view: TableView, options: TableOptions<Row>): TemplateResult {
  const { key, title, help, align, order, first } = column;
  const sortedBy = view.sort.key === key;
  const direction = sortedBy ? view.sort.direction : 'none';
  const mark = !sortedBy ? '' : view.sort.direction === 'ascending' ? ' ↑' : ' ↓';
  const turned = view.sort.direction === 'ascending' ? 'descending' : 'ascending';
  const sort = () => options.onView({ ...view, sort: { key, direction: sortedBy ? turned : first } });
  return html`<div class="grid-cell grid-${align}" role="columnheader" aria-sort=${direction} title=${help}>
    ${order === undefined ? html`<span>${title}</span>` : html`<button class="grid-sort" type="button" @click=${sort}>${title}<span aria-hidden="true">${mark}</span></button>`}
  </div>`;
}

function rowId(table: string, index: number): string {
  return `${table}-row-${index}`;
}

function sortRows<Row>(
  rows: readonly Row[],
  order: ((a: Row, b: Row) => number) | undefined,
  direction: Direction,
): readonly Row[] {
  if (order === undefined) return rows;
  return [...rows].sort(direction === 'ascending' ? order : (a, b) => order(b, a));
}

function target(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? 0 : at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  };
  const next = Object.hasOwn(moves, key) ? moves[key] : undefined;
  return next === undefined ? null : Math.min(count - 1, Math.max(0, next));
}
