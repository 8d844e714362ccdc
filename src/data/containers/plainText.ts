import { decodeUtf8, rowOf, rowProblem } from '../parseRow';
import { BatchBuilder, type RowBatch, type TextSource, tooLong } from './batch';
import { isBlank, readLines } from './lines';

/** Plain text: one document a line, as `{text}`. Blank lines are no rows. */
export async function* readPlainText({ file, chunks, limits }: TextSource): AsyncGenerator<RowBatch> {
  const batch = new BatchBuilder(limits);
  let row = 0;
  for await (const lines of readLines(chunks, limits)) {
    for (const { offset, length, number, bytes } of lines) {
      if (bytes !== undefined && isBlank(bytes)) continue;
      const address = { file, row: row++, line: number, bytes: { offset, length } };
      if (bytes === undefined) batch.addProblem(tooLong(address, limits));
      else {
        const text = decodeUtf8(bytes, address);
        if (typeof text !== 'string') batch.addProblem(text);
        else if (text.includes('\0')) {
          batch.addProblem(
            rowProblem(
              'error',
              address,
              'nul-byte',
              `the line holds a NUL byte (column ${text.indexOf('\0') + 1}).`,
              'Check that this is a text file; repair or delete the line.',
            ),
          );
        } else batch.add({ row: rowOf({ text }, address), problems: [] });
      }
      if (batch.full) yield batch.take();
    }
  }
  if (!batch.empty) yield batch.take();
}
