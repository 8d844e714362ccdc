import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet';
import type { JsonObject } from '../../protocol/json';
import { type CheckedFile, readRange } from '../byteSource';
import type { DataLimits } from '../limits';
import { BatchBuilder, fileProblem, type RowBatch } from './batch';
import { toJson } from './toJson';
import { unfoldRow } from './unfoldRow';

/** Parquet, one row group at a time. Footer, page headers and unpacked sizes are checked before they are believed. */
export async function* readParquet(file: CheckedFile, label: string, limits: DataLimits): AsyncGenerator<RowBatch> {
  const [hyparquet, { compressors }] = await Promise.all([import('hyparquet'), import('hyparquet-compressors')]);
  const batch = new BatchBuilder(limits);
  const handle = await open(file.path);
  let row = 0;
  try {
    const reading: Reading = { state: 'reading' };
    const buffer = fileBuffer(handle, file.size, reading);
    await checkFooter(file, limits);
    const metadata = await hyparquet.parquetMetadataAsync(buffer, { geoparquet: false });
    checkGroups(metadata, file.size, limits);
    for (const group of metadata.row_groups) {
      const rowCount = Number(group.num_rows);
      await checkPages(group, buffer, limits);
      const values = await hyparquet
        .parquetReadObjects({
          file: buffer,
          metadata,
          rowStart: row,
          rowEnd: row + rowCount,
          compressors: boundedCompressors(compressors, limits),
        })
        .catch((error: unknown) => {
          reading.state = 'failed';
          throw error;
        });
      if (values.length !== rowCount) {
        throw new RangeError(`a row group of ${rowCount} rows holds ${values.length}`);
      }
      for (const value of values) {
        const address = { file: label, row: row++, line: undefined, bytes: undefined };
        batch.add(unfoldRow(address, limits, 'parquet-row', (budget) => toJson(value, budget) as JsonObject));
        if (batch.full) yield batch.take();
      }
    }
  } catch (error) {
    batch.addProblem(
      fileProblem(
        'error',
        label,
        'parquet-damaged',
        `not a Parquet file that can be read: ${(error as Error).message}. ${row} rows were read before.`,
        'Write the file again, for instance with pyarrow or as JSON Lines.',
      ),
    );
  } finally {
    await handle.close();
  }
  if (!batch.empty) yield batch.take();
}

type Handle = Awaited<ReturnType<typeof open>>;
type RowGroup = FileMetaData['row_groups'][number];

/**
 * Where hyparquet throws while it is still starting the reads of other columns, it leaves their promises behind, and one
 * that is rejected later would end the process. So no read is answered once the call has failed.
 */
interface Reading {
  state: 'reading' | 'failed';
}

function fileBuffer(handle: Handle, size: number, reading: Reading): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start: number, end: number = size) {
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > size) {
        throw new RangeError(`bytes ${start} to ${end} are outside the file`);
      }
      const bytes = new Uint8Array(end - start);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw new RangeError('the file became shorter while it was read');
        filled += bytesRead;
      }
      // A turn of the event loop, so that a call that fails at once is known to have failed.
      await setImmediate();
      return reading.state === 'failed' ? new Promise<never>(() => undefined) : bytes.buffer;
    },
  };
}

async function checkFooter(file: CheckedFile, limits: DataLimits): Promise<void> {
  if (file.size < 12) throw new RangeError('it is shorter than an empty Parquet file');
  const tail = await readRange(file.path, file.size - 8, 8);
  if (tail.toString('latin1', 4) !== 'PAR1') throw new RangeError('the mark PAR1 is missing at its end');
  const length = tail.readUInt32LE(0);
  if (length > file.size - 12 || length > limits.maxHeaderBytes) {
    throw new RangeError(`its footer claims ${length} bytes`);
  }
}

function checkGroups(metadata: FileMetaData, size: number, limits: DataLimits): void {
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (!Number.isSafeInteger(rows) || rows < 0 || rows > limits.maxIndexedRows) {
      throw new RangeError(`a row group claims ${group.num_rows} rows`);
    }
    let unpacked = 0;
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined) throw new RangeError('a column chunk has no metadata');
      const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
      const packed = Number(chunk.total_compressed_size);
      if (!(start >= 4) || !(packed >= 0) || start + packed > size) {
        throw new RangeError('a column chunk lies outside the file');
      }
      // A value of this encoding may repeat all of the value before it: a few bytes can unfold to any size.
      if (chunk.encodings.includes('DELTA_BYTE_ARRAY')) {
        throw new RangeError('the encoding DELTA_BYTE_ARRAY is not supported');
      }
      unpacked += Math.max(0, Number(chunk.total_uncompressed_size));
    }
    if (unpacked > limits.maxGroupBytes) {
      throw new RangeError(`a row group unpacks to ${unpacked} bytes, the limit is ${limits.maxGroupBytes}`);
    }
  }
}

/** Walks the page headers of a group: sizes and counts in them are what the reader allocates by. */
async function checkPages(group: RowGroup, buffer: AsyncBuffer, limits: DataLimits): Promise<void> {
  const { deserializeTCompactProtocol } = await import('hyparquet/src/thrift.js');
  for (const { meta_data: chunk } of group.columns) {
    const start = Number(chunk!.dictionary_page_offset ?? chunk!.data_page_offset);
    const bytes = await buffer.slice(start, start + Number(chunk!.total_compressed_size));
    const reader = { view: new DataView(bytes), offset: 0 };
    let values = 0;
    let unpacked = 0;
    while (values < Number(chunk!.num_values) && reader.offset < bytes.byteLength) {
      const header = deserializeTCompactProtocol(reader) as Record<string, unknown>;
      const packed = Number(header.field_3);
      const size = Number(header.field_2);
      if (!(packed >= 0) || reader.offset + packed > bytes.byteLength) throw new RangeError('a page is cut off');
      unpacked += size;
      if (!(size >= 0) || unpacked > limits.maxGroupBytes) throw new RangeError(`a page claims ${size} bytes`);
      const isDictionary = header.field_7 !== undefined;
      const data = (header.field_5 ?? header.field_8 ?? header.field_7) as Record<string, unknown> | undefined;
      const count = Number(data?.field_1 ?? 0);
      if (!(count >= 0) || count > Number(chunk!.num_values)) throw new RangeError(`a page claims ${count} values`);
      // Only run-length encoding packs more than 8 values in a byte; a dictionary holds at least a byte for 8 values.
      if (count > limits.maxIndexedRows) throw new RangeError(`a page claims ${count} values`);
      if (!isDictionary) values += count;
      reader.offset += packed;
    }
  }
}

function boundedCompressors(compressors: Compressors, limits: DataLimits): Compressors {
  const bounded: Compressors = {};
  for (const [codec, unpack] of Object.entries(compressors)) {
    bounded[codec as keyof Compressors] = (input, length) => {
      if (length > limits.maxGroupBytes) throw new RangeError(`a page claims ${length} bytes`);
      return unpack(input, length);
    };
  }
  return bounded;
}
