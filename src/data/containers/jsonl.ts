import { parseJsonRow } from '../parseRow';
import { BatchBuilder, type RowBatch, type TextSource, tooLong } from './batch';
import { isBlank, readLines } from './lines';

/** JSON Lines: one object a line. Blank lines are no rows; a malformed line keeps its row number. */
export async function* readJsonLines({ file, chunks, limits }: TextSource): AsyncGenerator<RowBatch> {
  const batch = new BatchBuilder(limits);
  let row = 0;
  for await (const lines of readLines(chunks, limits)) {
    for (const { offset, length, number, bytes } of lines) {
      if (bytes !== undefined && isBlank(bytes)) continue;
      const address = { file, row: row++, line: number, bytes: { offset, length } };
      if (bytes === undefined) batch.addProblem(tooLong(address, limits));
      else batch.add(parseJsonRow(bytes, address, limits));
      if (batch.full) yield batch.take();
    }
  }
  if (!batch.empty) yield batch.take();
}
