import { parseJsonRow } from '../parseRow';
import type { RowBatch, TextSource } from './batch';
import { readLineRows } from './lineRows';

/** JSON Lines: one object a line. */
export function readJsonLines(source: TextSource): AsyncGenerator<RowBatch> {
  return readLineRows(source, (bytes, address) => parseJsonRow(bytes, address, source.limits));
}
