/** A column of a printed table; numbers stand right. */
export interface Column<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

/** Lays rows out in columns two spaces apart, the last one unpadded. Ends with a newline. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  return cells
    .map((line) =>
      line
        .map((text, i) => (columns[i]!.align === 'right' ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** One line of at most `width` characters; what is cut ends in an ellipsis, line breaks become ⏎. */
export function oneLine(text: string, width: number): string {
  const flat = text.replace(/\r?\n/g, '⏎').replace(/\p{Cc}/gu, ' ');
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
}
