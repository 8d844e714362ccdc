import { constants, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { inputError, UserError } from '../protocol/errors';
import type { DataLimits } from './limits';

/** A regular file that was checked before it is opened: no folder, no device, no pipe that would never end. */
export interface CheckedFile {
  readonly path: string;
  readonly size: number;
}

/** @throws UserError `file-not-found`, `not-a-file`, `file-unreadable` */
export async function checkFile(path: string): Promise<CheckedFile> {
  if (path.includes('\0')) {
    throw inputError('file-not-found', 'A path holds a NUL character.', 'Write a path without it.');
  }
  try {
    const facts = await stat(path);
    if (!facts.isFile()) {
      const kind = facts.isDirectory() ? 'a folder' : 'a device or pipe';
      throw inputError('not-a-file', `${path} is ${kind}, not a file.`, 'Give the path of a data file.');
    }
    return { path, size: facts.size };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw inputError('file-not-found', `${path} does not exist.`, 'Check the path.', { cause: error });
    }
    throw inputError('file-unreadable', `${path} cannot be read (${code}).`, 'Check its permissions.', {
      cause: error,
    });
  }
}

/** The first bytes of a file, at most `length`. */
export async function readHead(file: CheckedFile, length: number): Promise<Buffer> {
  return readRange(file.path, 0, Math.min(length, file.size));
}

/** Bytes `[offset, offset + length)`; shorter where the file ends before. */
export async function readRange(path: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** Chunks of a plain file. Every chunk owns its memory. */
export async function* plainChunks(file: CheckedFile, limits: DataLimits): AsyncGenerator<Buffer> {
  const handle = await open(file.path, constants.O_RDONLY);
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(limits.chunkBytes);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Chunks of a gzip file, unpacked. @throws UserError `gzip-damaged`, `gzip-bomb` */
export async function* gunzipChunks(file: CheckedFile, limits: DataLimits): AsyncGenerator<Buffer> {
  const input = createReadStream(file.path, { highWaterMark: limits.chunkBytes });
  const gunzip = createGunzip({ chunkSize: limits.chunkBytes });
  input.on('error', (error) => gunzip.destroy(error));
  input.pipe(gunzip);
  let out = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      out += chunk.length;
      const ratio = out / Math.max(1, input.bytesRead);
      if (out > limits.maxDecompressedBytes || (out > limits.ratioCheckedAfter && ratio > limits.maxCompressionRatio)) {
        throw inputError(
          'gzip-bomb',
          `${file.path} unpacks to ${Math.round(ratio)} times its size and more than ${out} bytes, beyond the limits.`,
          'Unpack it yourself and check what is in it.',
        );
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw inputError(
      'gzip-damaged',
      `${file.path} is not a whole gzip file: ${(error as Error).message} after ${out} unpacked bytes.`,
      'Copy or download the file again; the rows before the damage are read.',
      { cause: error },
    );
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}

/** A small text file (configuration). @throws UserError `file-too-large`, `bad-utf8` and those of `checkFile` */
export async function readSmallText(path: string, limits: DataLimits): Promise<string> {
  const file = await checkFile(path);
  if (file.size > limits.maxConfigBytes) {
    throw inputError(
      'file-too-large',
      `${path} has ${file.size} bytes; a configuration file may have ${limits.maxConfigBytes}.`,
      'Check that this is the file you meant.',
    );
  }
  const bytes = await readRange(path, 0, file.size);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw inputError('bad-utf8', `${path} is not UTF-8 text.`, 'Save it as UTF-8.', { cause: error });
  }
}
