import { csvText, parquetBytes, type TableColumn } from '../data/tables/tableBytes';
import { writeFileAtomically } from './writeOutput';

export type { TableColumn };

export const tableEndings: readonly string[] = ['.json', '.csv', '.parquet'];

/** Writes rows as CSV or Parquet by the file's ending, or the whole document as JSON. */
export async function writeTable<Row>(
  file: string,
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  document: unknown,
): Promise<void> {
  const ending = file.toLowerCase();
  if (ending.endsWith('.csv')) await writeFileAtomically(file, csvText(columns, rows));
  else if (ending.endsWith('.parquet')) await writeFileAtomically(file, await parquetBytes(columns, rows));
  else await writeFileAtomically(file, `${JSON.stringify(document)}\n`);
}
