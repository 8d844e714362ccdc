import { open } from 'node:fs/promises';
import type { JsonObject, JsonValue } from '../../protocol/json';
import type { CheckedFile } from '../byte-source';
import type { DataLimits } from '../limits';
import { ownEntries } from '../own';
import { rowOf, rowProblem } from '../parse-row';
import { BatchBuilder, fileProblem, type RowBatch } from './batch';
import { toJson, ValueBudget } from './to-json';

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
      if (records.numRows > limits.maxIndexedRows) {
        throw new RangeError(`a record batch claims ${records.numRows} rows`);
      }
      for (let i = 0; i < records.numRows; i++) {
        const address = { file: label, row: row++, line: undefined, bytes: undefined };
        try {
          const budget = new ValueBudget(limits.maxValuesPerRow, limits.maxDepth);
          const entries: [string, JsonValue][] = [];
          for (const { name, vector } of columns) entries.push([name, toJson(vector?.get(i), budget)]);
          const value: JsonObject = ownEntries(entries);
          batch.add({ row: rowOf(value, address), problems: [] });
        } catch (error) {
          const reason = `${(error as Error).message}.`;
          batch.addProblem(rowProblem('error', address, 'arrow-row', reason, 'Delete this row, or split it.'));
        }
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
    const body = bodyLength(await readExactly(handle, position, length));
    position += length;
    if (body > limits.maxGroupBytes || position + body > end) throw new RangeError(`a message claims ${body} bytes`);
    position += body;
    ranges.push({ start, end: position });
    if (ranges.length > maxMessages) throw new RangeError('it has too many messages');
  }
  if (ranges.length === 0) throw new RangeError('it holds no message');
  return ranges;
}

/** `bodyLength` of a Message flatbuffer (field 3 of its root table, an int64, 0 where absent). */
function bodyLength(metadata: Buffer): number {
  const table = metadata.readUInt32LE(0);
  const vtable = table - metadata.readInt32LE(table);
  const vtableLength = metadata.readUInt16LE(vtable);
  const slot = 4 + 2 * 3;
  const field = slot + 2 <= vtableLength ? metadata.readUInt16LE(vtable + slot) : 0;
  const length = field === 0 ? 0n : metadata.readBigInt64LE(table + field);
  if (length < 0n || length > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`a message claims ${length} bytes`);
  return Number(length);
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
