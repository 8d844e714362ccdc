import { open } from 'node:fs/promises';
import type { Data } from 'apache-arrow';
import type { JsonObject, JsonValue } from '../../protocol/json';
import type { CheckedFile } from '../byteSource';
import type { DataLimits } from '../limits';
import { ownEntries } from '../own';
import { checkedBodyLength } from './arrowMetadata';
import { BatchBuilder, fileProblem, type RowBatch } from './batch';
import { toJson, type ValueBudget } from './toJson';
import { unfoldRow } from './unfoldRow';

/**
 * Arrow IPC, stream and file format, one record batch at a time. A file is a stream between two marks, so both are read
 * as streams. Every length is checked against the file before apache-arrow sees a byte.
 */
export async function* readArrow(file: CheckedFile, label: string, limits: DataLimits): AsyncGenerator<RowBatch> {
  const { RecordBatchReader } = await import('apache-arrow');
  const batch = new BatchBuilder(limits);
  const handle = await open(file.path);
  let row = 0;
  try {
    const messages = await checkMessages(handle, file.size, limits);
    const reader = await RecordBatchReader.from(messageBytes(handle, messages));
    for await (const records of reader) {
      const columns = records.schema.fields.map(({ name }, index) => ({ name, vector: records.getChildAt(index) }));
      for (const { vector } of columns) for (const data of vector?.data ?? []) checkColumn(data);
      for (let i = 0; i < records.numRows; i++) {
        const address = { file: label, row: row++, line: undefined, bytes: undefined };
        const unfold = (budget: ValueBudget): JsonObject =>
          ownEntries(columns.map(({ name, vector }): [string, JsonValue] => [name, toJson(vector?.get(i), budget)]));
        batch.add(unfoldRow(address, limits, 'arrow-row', unfold));
        if (batch.full) yield batch.take();
      }
    }
  } catch (error) {
    batch.addProblem(
      fileProblem(
        'error',
        label,
        'arrow-damaged',
        `not an Arrow file that can be read: ${(error as Error).message}. ${row} rows were read before.`,
        'Write the file again, uncompressed, for instance with pyarrow or as JSON Lines.',
      ),
    );
  } finally {
    await handle.close();
  }
  if (!batch.empty) yield batch.take();
}

type Handle = Awaited<ReturnType<typeof open>>;

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const magic = 'ARROW1';
const maxMessages = 1_000_000;

/** Byte ranges of the messages, in order: length prefix, metadata and body, up to the end mark or the file's footer. */
async function checkMessages(handle: Handle, size: number, limits: DataLimits): Promise<ByteRange[]> {
  const head = await readExactly(handle, 0, Math.min(8, size));
  const isFile = head.toString('latin1', 0, magic.length) === magic;
  let position = 0;
  let end = size;
  if (isFile) {
    if (size < 24) throw new RangeError('it is shorter than an empty Arrow file');
    const tail = await readExactly(handle, size - 10, 10);
    if (tail.toString('latin1', 4) !== magic) throw new RangeError('the mark ARROW1 is missing at its end');
    const footer = tail.readInt32LE(0);
    if (footer < 0 || footer > size - 18) throw new RangeError(`its footer claims ${footer} bytes`);
    position = 8;
    end = size - 10 - footer;
  }
  const ranges: ByteRange[] = [];
  while (position + 4 <= end) {
    const start = position;
    const prefix = await readExactly(handle, position, Math.min(8, end - position));
    let length = prefix.readInt32LE(0);
    position += 4;
    if (length === -1) {
      if (prefix.length < 8) break;
      length = prefix.readInt32LE(4);
      position += 4;
    }
    if (length === 0) break;
    if (length < 0 || length > limits.maxHeaderBytes || position + length > end) {
      throw new RangeError(`a message claims ${length} bytes of metadata`);
    }
    const body = checkedBodyLength(await readExactly(handle, position, length), limits);
    position += length;
    if (position + body > end) throw new RangeError(`a message claims ${body} bytes`);
    position += body;
    ranges.push({ start, end: position });
    if (ranges.length > maxMessages) throw new RangeError('it has too many messages');
  }
  if (ranges.length === 0) throw new RangeError('it holds no message');
  return ranges;
}

/**
 * Checks the offsets and lengths inside a column's data: they come from the body and are believed by the reader.
 * @throws RangeError
 */
function checkColumn(data: Data): void {
  const { length, valueOffsets, children, values } = data as unknown as ColumnParts;
  const typeName = String(data.type);
  if (valueOffsets instanceof Int32Array || valueOffsets instanceof BigInt64Array) {
    const end = children.length > 0 ? children[0]!.length : values.byteLength;
    if (valueOffsets.length < length + 1 && length > 0) throw new RangeError(`a column of ${typeName} is cut off`);
    let previous = 0;
    for (let i = 0; i <= length && i < valueOffsets.length; i++) {
      const offset = Number(valueOffsets[i]);
      if (offset < previous || offset > end) throw new RangeError(`a column of ${typeName} points outside its data`);
      previous = offset;
    }
  } else if (children.some((child) => child.length < length)) {
    throw new RangeError(`a column of ${typeName} is longer than its parts`);
  }
  for (const child of children) checkColumn(child);
}

interface ColumnParts {
  readonly length: number;
  readonly valueOffsets: unknown;
  readonly values: { readonly byteLength: number };
  readonly children: readonly Data[];
}

async function* messageBytes(handle: Handle, ranges: readonly ByteRange[]): AsyncGenerator<Uint8Array> {
  for (const { start, end } of ranges) yield await readExactly(handle, start, end - start);
  // End-of-stream mark.
  yield Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
}

async function readExactly(handle: Handle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) throw new RangeError('the file ends too early');
    filled += bytesRead;
  }
  return bytes;
}
