import { readFileSync, writeFileSync } from 'node:fs';
import type { Loose } from './brokenCase';

export interface SafetensorsParts {
  readonly header: Loose;
  readonly data: Buffer;
}

export function readParts(file: string): SafetensorsParts {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.subarray(8, 8 + length).toString()), data: bytes.subarray(8 + length) };
}

/** Header text and data as a file; the length says what it is unless told otherwise. */
export function writeParts(
  file: string,
  header: string | Buffer,
  data: Uint8Array,
  statedLength: bigint | undefined,
): void {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(statedLength ?? BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text, data]));
}

/** Changes the header's object (and, through `data`, the bytes in place). */
export function editHeader(file: string, edit: (header: Loose, data: Buffer) => void): void {
  const { header, data } = readParts(file);
  edit(header, data);
  writeParts(file, JSON.stringify(header), data, undefined);
}
