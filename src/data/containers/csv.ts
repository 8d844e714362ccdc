import { parse } from 'csv-parse/sync';
import type { DataLimits } from '../limits';
import { ownEntries } from '../own';
import { decodeUtf8, rowOf, rowProblem } from '../parseRow';
import type { RowAddress } from '../types';
import { BatchBuilder, fileProblem, type RowBatch, type TextSource, tooLong } from './batch';
import { CsvRecordScanner } from './csvRecords';
import { isBlank } from './lines';

/** CSV or TSV with a header line: every cell is a text, as written. */
export async function* readCsv(source: TextSource, delimiter: ',' | '\t'): AsyncGenerator<RowBatch> {
  const { file, limits } = source;
  const batch = new BatchBuilder(limits);
  let header: readonly string[] | undefined;
  let row = 0;
  let pending: { readonly address: RowAddress; readonly text: string }[] = [];

  for await (const records of scanRecords(source.chunks, delimiter, limits)) {
    for (const { offset, length, line, bytes, fault } of records) {
      if (bytes !== undefined && isBlank(bytes)) continue;
      const isHeader = header === undefined;
      const address = { file, row: isHeader ? 0 : row++, line, bytes: { offset, length } };
      const text = bytes === undefined ? tooLong(address, limits) : decodeUtf8(bytes, address);
      if (typeof text !== 'string') {
        flush();
        batch.addProblem(text);
      } else if (fault !== undefined) {
        flush();
        batch.addProblem(
          rowProblem('error', address, 'csv-quote', fault, 'Close the quoted field, and write " inside it as "".'),
        );
      } else if (isHeader) {
        header = parseRecords([text], delimiter)?.[0] ?? text.split(delimiter);
        const twice = header.find((name, index) => header!.indexOf(name) !== index);
        if (twice !== undefined) {
          batch.addProblem(
            fileProblem(
              'warning',
              file,
              'csv-duplicate-column',
              `two columns are called "${twice}"; the last one counts.`,
              'Rename one of them.',
            ),
          );
        }
      } else {
        pending.push({ address, text });
        if (pending.length >= limits.batchRows) flush();
      }
      if (batch.full) yield batch.take();
    }
    flush();
    if (!batch.empty) yield batch.take();
  }
  flush();
  if (header === undefined) {
    batch.addProblem(
      fileProblem('error', file, 'csv-empty', 'there is no header line.', 'Name the columns in the first line.'),
    );
  }
  if (!batch.empty) yield batch.take();

  /** Parses what is pending in one call; where that fails, record by record, so that one bad record stays one. */
  function flush(): void {
    if (pending.length === 0) return;
    const together = parseRecords(
      pending.map(({ text }) => text),
      delimiter,
    );
    for (const [index, { address, text }] of pending.entries()) {
      const cells = together?.[index] ?? parseRecords([text], delimiter)?.[0];
      if (cells === undefined) {
        batch.addProblem(
          rowProblem('error', address, 'csv-record', 'the record is not CSV.', 'Correct its quotes, or delete it.'),
        );
      } else if (cells.length !== header!.length) {
        batch.addProblem(
          rowProblem(
            'error',
            address,
            'csv-columns',
            `the record has ${cells.length} cells; the header names ${header!.length}.`,
            'Quote cells that hold the delimiter, or add the missing cells.',
          ),
        );
      } else {
        const value = ownEntries(header!.map((name, column) => [name, cells[column]!]));
        batch.add({ row: rowOf(value, address), problems: [] });
      }
    }
    pending = [];
  }
}

async function* scanRecords(chunks: AsyncIterable<Buffer>, delimiter: ',' | '\t', limits: DataLimits) {
  const scanner = new CsvRecordScanner(delimiter, limits);
  for await (const chunk of chunks) yield scanner.scan(chunk);
  yield scanner.finish();
}

/** Cells of each record, or undefined where csv-parse refuses them or finds another number of records. */
export function parseRecords(texts: readonly string[], delimiter: ',' | '\t'): string[][] | undefined {
  try {
    const records = parse(texts.join('\n'), {
      delimiter,
      columns: false,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: false,
      record_delimiter: ['\n', '\r\n'],
    }) as string[][];
    return records.length === texts.length ? records : undefined;
  } catch {
    // The caller reports the record; csv-parse's own text names places in the joined text, not in the file.
    return undefined;
  }
}
