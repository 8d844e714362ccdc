/** Pixels of a row, and of the tallest element that browsers lay out without fault. */
export const rowHeight = 20;
const tallest = 8_000_000;

/** Between places of a scroll bar and rows: one to one for short files, in proportion for long ones. */
export interface RowScale {
  /** Height of all rows in the document, pixels. */
  readonly height: number;
  /** First row that shows at a place of the scroll bar. */
  rowAt(scrollTop: number): number;
  /** Place of the scroll bar for a first row. */
  placeOf(row: number): number;
  /** Rows that fit, at least 1. */
  readonly fitting: number;
}

/** @param view height of what can be seen, pixels */
export function rowScale(rows: number, view: number): RowScale {
  const height = Math.min(rows * rowHeight, tallest);
  const fitting = Math.max(1, Math.floor(view / rowHeight));
  const lastTop = Math.max(0, rows - fitting);
  const lastPlace = Math.max(0, height - view);
  return {
    height,
    fitting,
    rowAt: (scrollTop) =>
      lastPlace === 0 ? 0 : Math.min(lastTop, Math.max(0, Math.round((scrollTop / lastPlace) * lastTop))),
    placeOf: (row) => (lastTop === 0 ? 0 : (Math.min(lastTop, Math.max(0, row)) / lastTop) * lastPlace),
  };
}
