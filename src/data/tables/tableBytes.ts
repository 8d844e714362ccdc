/** A column of a written table, in Parquet's basic types. */
export interface TableColumn<Row> {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'DOUBLE';
  readonly value: (row: Row) => string | number | null;
}

/** Comma-separated values with a heading. */
export function csvText<Row>(columns: readonly TableColumn<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ value }) => quoted(value(row))))];
  return lines.map((cells) => `${cells.join(',')}\n`).join('');
}

/** RFC 4180; text that a spreadsheet would run as a formula gets a leading apostrophe. */
function quoted(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return `${cell}`;
  const harmless = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export async function parquetBytes<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
): Promise<Uint8Array> {
  // Loaded when a table is written: commands start quickly.
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map(({ name, type, value }) => ({ name, type, nullable: true, data: rows.map(value) })),
    }),
  );
}
