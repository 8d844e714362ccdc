/** Files as hostile input: only regular files are opened (never a pipe or a device), every read is range-checked. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs';
import { inputError } from '../protocol/errors';

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
