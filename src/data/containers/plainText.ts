import { decodeUtf8, type ParsedRow, rowOf, rowProblem } from '../parseRow';
import type { RowAddress } from '../types';
import type { RowBatch, TextSource } from './batch';
import { readLineRows } from './lineRows';

/** Plain text: one document a line, as `{text}`. */
export function readPlainText(source: TextSource): AsyncGenerator<RowBatch> {
  return readLineRows(source, parseTextRow);
}

function parseTextRow(bytes: Buffer, address: RowAddress): ParsedRow {
  const text = decodeUtf8(bytes, address);
  if (typeof text !== 'string') return { row: undefined, problems: [text] };
  if (!text.includes('\0')) return { row: rowOf({ text }, address), problems: [] };
  const problem = rowProblem(
    'error',
    address,
    'nul-byte',
    `the line holds a NUL byte (column ${text.indexOf('\0') + 1}).`,
    'Check that this is a text file; repair or delete the line.',
  );
  return { row: undefined, problems: [problem] };
}
