import type { DataLimits } from '../limits';

/** One line of a byte stream, without its line end. */
export interface Line {
  /** Offset of the first byte in the (unpacked) stream. */
  readonly offset: number;
  /** Length in bytes without `\n` or `\r\n`. */
  readonly length: number;
  /** 1-based. */
  readonly number: number;
  /** undefined where the line is longer than `maxRowBytes`. */
  readonly bytes: Buffer | undefined;
}

/** Bytes of a UTF-8 byte-order mark at the start of a stream. */
export function bomLength(chunk: Buffer): number {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0;
}

/**
 * Splits a byte stream into lines, one array for each chunk. A byte-order mark belongs to no line. A line beyond
 * `maxRowBytes` is measured but never held.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, limits: DataLimits): AsyncGenerator<readonly Line[]> {
  let held: Buffer[] = [];
  let heldLength = 0;
  let start = 0;
  let position = 0;
  let number = 1;
  let first = true;
  let lastByte = 0;

  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let from = 0;
    if (first) {
      from = bomLength(chunk);
      start = from;
      first = false;
    }
    for (;;) {
      const newline = chunk.indexOf(0x0a, from);
      const to = newline === -1 ? chunk.length : newline;
      const part = chunk.subarray(from, to);
      heldLength += part.length;
      if (part.length > 0) lastByte = part[part.length - 1]!;
      if (heldLength > limits.maxRowBytes + 1) held = [];
      else if (part.length > 0) held.push(part);
      if (newline === -1) break;
      lines.push(finish());
      from = newline + 1;
      start = position + from;
    }
    position += chunk.length;
    if (lines.length > 0) yield lines;
  }
  if (heldLength > 0) yield [finish()];

  function finish(): Line {
    const length = heldLength > 0 && lastByte === 0x0d ? heldLength - 1 : heldLength;
    let bytes: Buffer | undefined;
    if (length <= limits.maxRowBytes) {
      bytes = (held.length === 1 ? held[0]! : Buffer.concat(held)).subarray(0, length);
    }
    const line = { offset: start, length, number, bytes };
    held = [];
    heldLength = 0;
    number++;
    return line;
  }
}

/** White space alone, as JSON defines it. */
export function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
