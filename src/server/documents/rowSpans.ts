import type { Position } from 'vscode-languageserver/node';
import { parseRecords } from '../../data/containers/csv';
import { type CsvRecord, CsvRecordScanner } from '../../data/containers/csvRecords';
import { ArrayScanner, type Element } from '../../data/containers/jsonArray';
import { isBlank } from '../../data/containers/lines';
import type { DataLimits } from '../../data/limits';
import type { LineText } from './lineText';

/** Where a row of a file stands whose rows are not lines. */
export interface RowSpan {
  readonly start: Position;
  readonly end: Position;
  /** The row's own text; undefined where it is longer than a row may be. */
  readonly text: string | undefined;
  /** Why the row cannot be trusted (CSV). */
  readonly fault: string | undefined;
}

export interface SpannedRows {
  readonly rows: readonly RowSpan[];
  /** Names of the columns (CSV); undefined: there is no header. */
  readonly header: readonly string[] | undefined;
}

/** Elements of a top-level JSON array. The same scanner cuts files, so rows and their numbers are the same. */
export function arraySpans(lines: LineText, limits: DataLimits): SpannedRows {
  const bytes = Buffer.from(lines.text());
  const scanner = new ArrayScanner(limits);
  const elements: Element[] = scanner.scan(bytes);
  const last = scanner.finish();
  if (last !== undefined) elements.push(last);
  return { rows: placed(elements, bytes, lines), header: undefined };
}

/** Records of CSV or TSV after the header line. */
export function csvSpans(lines: LineText, delimiter: ',' | '\t', limits: DataLimits): SpannedRows {
  const bytes = Buffer.from(lines.text());
  const scanner = new CsvRecordScanner(delimiter, limits);
  const scanned: CsvRecord[] = [...scanner.scan(bytes), ...scanner.finish()];
  const records = scanned.filter((record) => record.bytes === undefined || !isBlank(record.bytes));
  const [first, ...rest] = records;
  if (first?.bytes === undefined) return { rows: [], header: undefined };
  const head = first.bytes.toString('utf8');
  return { rows: placed(rest, bytes, lines), header: parseRecords([head], delimiter)?.[0] ?? head.split(delimiter) };
}

interface Part {
  readonly offset: number;
  readonly length: number;
  readonly bytes: Buffer | undefined;
  readonly fault?: string | undefined;
}

/** Byte ranges, which ascend, as positions of the text. */
function placed(parts: readonly Part[], bytes: Buffer, lines: LineText): RowSpan[] {
  let byte = 0;
  let unit = 0;
  const advance = (to: number): Position => {
    unit += bytes.toString('utf8', byte, to).length;
    byte = to;
    return lines.positionAt(unit);
  };
  return parts.map((part) => {
    const start = advance(part.offset);
    const end = advance(part.offset + part.length);
    return { start, end, text: part.bytes?.toString('utf8'), fault: part.fault };
  });
}
