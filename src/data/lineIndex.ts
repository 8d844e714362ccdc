import { open } from 'node:fs/promises';
import { inputError } from '../protocol/errors';
import { checkFile, plainChunks, readRange } from './byteSource';
import { tooLong } from './containers/batch';
import { detectContainer } from './containers/detect';
import { ArrayScanner, scanElements } from './containers/jsonArray';
import { bomLength } from './containers/lines';
import type { DataLimits } from './limits';
import { decodeUtf8, type ParsedRow, parseJsonRow, rowOf } from './parseRow';
import type { RowAddress } from './types';

/** Numbers by row. */
export interface Numbers {
  readonly length: number;
  at(row: number): number;
}

/** Where each row of an uncompressed text file lies, for reading rows in any order. Row numbers are those of `readRows`. */
export interface LineIndex {
  readonly path: string;
  /** Name of the file in addresses. */
  readonly file: string;
  readonly format: 'jsonl' | 'text' | 'json-array';
  readonly rowCount: number;
  /** Byte offset of each row, and one past the last row's end. */
  readonly offsets: Numbers;
  /** Lengths in bytes; undefined for one row a line, where a row ends before the next begins. */
  readonly lengths: Numbers | undefined;
  /** Lines (1-based) of rows; undefined where row r is on line r + 1. */
  readonly lines: Numbers | undefined;
  /** Size of the file when it was indexed. */
  readonly size: number;
}

/**
 * Indexes a file in one pass, 8 bytes a row (24 where there are blank lines or an array).
 * @throws UserError `not-indexable` for compressed and binary files, `too-many-rows`, and those of `readRows`
 */
export async function buildLineIndex(
  path: string,
  options: { readonly file: string; readonly limits: DataLimits },
): Promise<LineIndex> {
  const file = await checkFile(path);
  const { format, compression } = await detectContainer(file);
  if (compression !== 'none' || (format !== 'jsonl' && format !== 'text' && format !== 'json-array')) {
    throw inputError(
      'not-indexable',
      `${options.file} cannot be read row by row in any order (${compression === 'gzip' ? 'gzip' : format}).`,
      'Read it in order, or convert it to uncompressed JSON Lines.',
    );
  }
  const facts = { path, file: options.file, format, size: file.size };
  if (format === 'json-array') {
    const offsets = new NumberColumn(options);
    const lengths = new NumberColumn(options);
    const lines = new NumberColumn(options);
    for await (const elements of scanElements(plainChunks(file, options.limits), new ArrayScanner(options.limits))) {
      for (const { offset, length, line } of elements) {
        offsets.push(offset);
        lengths.push(length);
        lines.push(line);
      }
    }
    const rowCount = offsets.length;
    offsets.push(file.size);
    return { ...facts, rowCount, offsets, lengths, lines };
  }
  return { ...facts, ...(await indexLines(path, options)) };
}

async function indexLines(path: string, options: { readonly file: string; readonly limits: DataLimits }) {
  const offsets = new NumberColumn(options);
  let lines: NumberColumn | undefined;
  const handle = await open(path);
  try {
    // One buffer, reused: nothing is kept of it but offsets.
    const buffer = Buffer.allocUnsafeSlow(options.limits.chunkBytes);
    let position = 0;
    let line = 1;
    let lineStart = 0;
    // Whether the current line has shown something other than white space yet.
    let solid = false;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      let from = position === 0 ? bomLength(chunk) : 0;
      if (position === 0) lineStart = from;
      while (from < bytesRead) {
        const newline = chunk.indexOf(0x0a, from);
        const to = newline === -1 ? bytesRead : newline;
        for (let i = from; !solid && i < to; i++) {
          const byte = chunk[i]!;
          solid = byte !== 0x20 && byte !== 0x09 && byte !== 0x0d;
        }
        if (newline === -1) break;
        endLine();
        lineStart = position + newline + 1;
        from = newline + 1;
      }
      position += bytesRead;
    }
    if (solid) endLine();
    const rowCount = offsets.length;
    offsets.push(position);
    return { rowCount, offsets, lengths: undefined, lines };

    function endLine(): void {
      if (solid) {
        lines?.push(line);
        offsets.push(lineStart);
      } else if (lines === undefined) {
        lines = new NumberColumn(options);
        for (let row = 0; row < offsets.length; row++) lines.push(row + 1);
      }
      solid = false;
      line++;
    }
  } finally {
    await handle.close();
  }
}

const blockLength = 2 ** 16;

/** A growing list of numbers in blocks that are never copied, bounded by `maxIndexedRows`. */
class NumberColumn implements Numbers {
  length = 0;
  private readonly blocks: Float64Array[] = [];

  constructor(private readonly options: { readonly file: string; readonly limits: DataLimits }) {}

  push(value: number): void {
    if (this.length > this.options.limits.maxIndexedRows) {
      throw inputError(
        'too-many-rows',
        `${this.options.file} has more than ${this.options.limits.maxIndexedRows} rows.`,
        'Split the file.',
      );
    }
    const at = this.length % blockLength;
    if (at === 0) this.blocks.push(new Float64Array(blockLength));
    this.blocks.at(-1)![at] = value;
    this.length++;
  }

  at(row: number): number {
    return this.blocks[Math.floor(row / blockLength)]![row % blockLength]!;
  }
}

/**
 * One row of an indexed file, parsed. A malformed row has problems and no row.
 * @throws UserError `row-out-of-range`, `file-changed`
 */
export async function readRowAt(index: LineIndex, row: number, limits: DataLimits): Promise<ParsedRow> {
  if (!Number.isInteger(row) || row < 0 || row >= index.rowCount) {
    throw inputError(
      'row-out-of-range',
      `${index.file} has rows 0 to ${index.rowCount - 1}; row ${row} is asked for.`,
      'Ask for one of these.',
    );
  }
  const file = await checkFile(index.path);
  if (file.size !== index.size) {
    throw inputError('file-changed', `${index.file} has changed since it was indexed.`, 'Index it again.');
  }
  const offset = index.offsets.at(row);
  const line = index.lines?.at(row) ?? row + 1;
  let length = index.lengths?.at(row) ?? index.offsets.at(row + 1) - offset;
  const address = (): RowAddress => ({ file: index.file, row, line, bytes: { offset, length } });
  // A line's range may hold blank lines after it; they are cut off below.
  if (length > limits.maxRowBytes + limits.chunkBytes)
    return { row: undefined, problems: [tooLong(address(), limits)] };
  let bytes = await readRange(index.path, offset, length);
  if (index.format !== 'json-array') {
    const end = bytes.indexOf(0x0a);
    if (end !== -1) bytes = bytes.subarray(0, end);
    if (bytes.at(-1) === 0x0d) bytes = bytes.subarray(0, bytes.length - 1);
  }
  length = bytes.length;
  if (length > limits.maxRowBytes) return { row: undefined, problems: [tooLong(address(), limits)] };
  if (index.format !== 'text') return parseJsonRow(bytes, address(), limits);
  const text = decodeUtf8(bytes, address());
  return typeof text === 'string'
    ? { row: rowOf({ text }, address()), problems: [] }
    : { row: undefined, problems: [text] };
}
