import type { ParsedRow } from '../parseRow';
import type { RowAddress } from '../types';
import { BatchBuilder, type RowBatch, type TextSource, tooLong } from './batch';
import { isBlank, readLines } from './lines';

/** One row a line. Blank lines are no rows; a line that `parse` refuses, or that is too long, keeps its row number. */
export async function* readLineRows(
  { file, chunks, limits }: TextSource,
  parse: (bytes: Buffer, address: RowAddress) => ParsedRow,
): AsyncGenerator<RowBatch> {
  const batch = new BatchBuilder(limits);
  let row = 0;
  for await (const lines of readLines(chunks, limits)) {
    for (const { offset, length, number, bytes } of lines) {
      if (bytes !== undefined && isBlank(bytes)) continue;
      const address = { file, row: row++, line: number, bytes: { offset, length } };
      if (bytes === undefined) batch.addProblem(tooLong(address, limits));
      else batch.add(parse(bytes, address));
      if (batch.full) yield batch.take();
    }
  }
  if (!batch.empty) yield batch.take();
}
