/** Files that appear whole under their name or not at all, and the folders they lie in. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { inputError } from '../protocol/errors';

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
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

/**
 * Makes a folder and those above it, one by one: Node's own recursive mkdir never returns where a file system takes no
 * folders (/proc).
 *
 * @throws UserError `write-failed`
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let place = path.resolve(folder); !isFolder(place); place = path.dirname(place)) missing.push(place);
  for (const place of missing.reverse()) {
    try {
      mkdirSync(place);
    } catch (error) {
      // Another process may have made it just now.
      if (errorCode(error) !== 'EEXIST' || !isFolder(place)) throw writeError(place, error);
    }
  }
}

/**
 * Finds out whether a file could be written, without writing anything.
 *
 * @throws UserError `write-failed`
 */
export function requireWritable(file: string): void {
  if (isOther(file)) throw inputError('write-failed', `${file} is there and no regular file.`, 'Name another file.');
  let folder = path.dirname(file);
  while (!isFolder(folder)) folder = path.dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw writeError(folder, error);
  }
}

/**
 * Refuses a place at which no folder can stand: below a file, behind a circle of links, with too long a name.
 *
 * @throws UserError `write-failed`
 */
export function requireFolderPlace(folder: string): void {
  isFolder(folder);
}

/** Whether something other than a file has the name. */
function isOther(file: string): boolean {
  try {
    const status = statSync(file, { throwIfNoEntry: false });
    return status !== undefined && !status.isFile();
  } catch (error) {
    throw writeError(file, error);
  }
}

/** @throws UserError `write-failed` where the path is something else, or cannot be looked at */
function isFolder(place: string): boolean {
  try {
    const status = statSync(place);
    if (status.isDirectory()) return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw writeError(place, error);
  }
  throw inputError('write-failed', `${place} is a file, not a folder.`, 'Name another folder.');
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

/** Says what the system's refusal means for the user. */
function writeError(place: string, error: unknown): unknown {
  const code = errorCode(error);
  const advice = new Map([
    ['ENOSPC', 'Free some space on that disk, or name another place.'],
    ['EDQUOT', 'Free some of your quota on that disk, or name another place.'],
    ['EACCES', 'Name a place that may be written to.'],
    ['EPERM', 'Name a place that may be written to.'],
    ['EROFS', 'Name a place on a disk that may be written to.'],
    ['ENOENT', 'Name a place where folders can be made.'],
    ['ENOTDIR', 'Name a place in a folder, not in a file.'],
    ['EISDIR', 'Name a file, not a folder.'],
    ['ENAMETOOLONG', 'Use a shorter name.'],
    ['ELOOP', 'Remove the symbolic links that lead in a circle.'],
    ['EINVAL', 'Use another name.'],
    ['EBUSY', 'Close what is using it, or name another place.'],
    ['EMFILE', 'Close other programs that hold files open.'],
    ['EIO', 'Check the disk.'],
  ]).get(code);
  if (advice === undefined) return error;
  return inputError('write-failed', `${place} cannot be written (${code}).`, advice, { cause: error });
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
