/**
 * Files as hostile input: only regular files are opened (never a pipe or a device), every read is range-checked, and
 * what is written appears whole under its name or not at all.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { inputError } from '../../protocol/errors';

export interface OpenFile {
  readonly file: string;
  readonly descriptor: number;
  /** Bytes. */
  readonly size: number;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Opens a regular file for reading and hands it to `use`; closed afterwards in every case. */
export function withFile<T>(file: string, use: (open: OpenFile) => T): T {
  let descriptor: number;
  try {
    // Non-blocking, because opening a pipe that nobody writes to would otherwise wait for ever.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw openError(file, error);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      throw inputError('not-a-file', `${file} is not a regular file.`, 'Name a file that can be read from any offset.');
    }
    return use({ file, descriptor, size: status.size });
  } finally {
    closeSync(descriptor);
  }
}

function openError(file: string, error: unknown): Error {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return inputError('file-missing', `${file} does not exist.`, 'Check the path.', { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return inputError('file-unreadable', `${file} may not be read.`, 'Change its permissions.', { cause: error });
  }
  return inputError(
    'file-unreadable',
    `${file} cannot be opened (${code || String(error)}).`,
    'Check the path and its permissions.',
    { cause: error },
  );
}

/** What a path leads to; undefined where there is nothing. Throws a UserError where that cannot be found out. */
export function statusOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch (error) {
    const absent = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'];
    if (absent.includes(errorCode(error))) return undefined;
    throw openError(file, error);
  }
}

/** Names in a folder. Throws a UserError where it cannot be read. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw openError(folder, error);
  }
}

/** Fills `target` from `position`; throws where the file ends sooner than its size said (it was cut while being read). */
export function readExactly(open: OpenFile, target: Uint8Array, position: number): void {
  let done = 0;
  while (done < target.length) {
    const count = readSync(open.descriptor, target, done, target.length - done, position + done);
    if (count === 0) {
      throw inputError(
        'file-truncated',
        `${open.file} ends at byte ${position + done}, where ${target.length - done} more are needed.`,
        'Fetch or copy the file again; it may have changed while it was read.',
      );
    }
    done += count;
  }
}

/**
 * Writes a file through `write` under a temporary name in the same folder, flushes it and renames it into place. On an
 * error nothing is left behind and an older file of that name stays as it was.
 */
export async function writeAtomically<T>(
  file: string,
  write: (descriptor: number) => T | Promise<T>,
): Promise<Awaited<T>> {
  // Random, because processes of several machines may share the folder.
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.part`);
  let descriptor: number;
  try {
    descriptor = openSync(temporary, 'wx', 0o644);
  } catch (error) {
    throw writeError(file, error);
  }
  let open = true;
  try {
    const result = await write(descriptor);
    fsyncSync(descriptor);
    closeSync(descriptor);
    open = false;
    renameSync(temporary, file);
    flushFolder(path.dirname(file));
    return result;
  } catch (error) {
    if (open) closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}

/** Makes a folder and those above it. Throws a UserError where that is not possible. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw inputError('write-failed', `${folder} is a file, not a folder.`, 'Name another folder.', { cause: error });
    }
    throw writeError(folder, error);
  }
}

const maximumWriteBytes = 64 << 20;

/** Writes all of `bytes` at the descriptor's place. */
export function writeFully(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, maximumWriteBytes));
  }
}

/** Writes a small text file, whole or not at all. */
export async function writeTextAtomically(file: string, text: string): Promise<void> {
  await writeAtomically(file, (descriptor) => writeFully(descriptor, Buffer.from(text)));
}

/** Says what a full or write-protected disk means; other errors pass through. */
function writeError(file: string, error: unknown): unknown {
  const code = errorCode(error);
  const advice = new Map([
    ['ENOSPC', 'Free some space on that disk, or name another folder.'],
    ['EDQUOT', 'Free some of your quota on that disk, or name another folder.'],
    ['EACCES', 'Name a folder that may be written to.'],
    ['EPERM', 'Name a folder that may be written to.'],
    ['EROFS', 'Name a folder on a disk that may be written to.'],
    ['ENOENT', 'Make that folder first.'],
    ['ENOTDIR', 'Name a folder, not a file.'],
  ]).get(code);
  if (advice === undefined) return error;
  return inputError('write-failed', `${file} cannot be written (${code}).`, advice, { cause: error });
}

/** Makes a rename durable. Windows cannot flush folders and does not need it. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
