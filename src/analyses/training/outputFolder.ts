import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, requireFolderPlace } from '../../data/writeFile';
import { inputError } from '../../protocol/errors';

/**
 * The result folder of a run appears whole: everything is written to a sibling `OUT.whence-partial`, which is renamed at
 * the end. A killed run leaves the sibling, from which the same run goes on.
 */
export interface OutputFolder {
  /** Where the result will stand. */
  readonly out: string;
  /** Where it is written until then. */
  readonly partial: string;
}

const lockName = 'lock';

export function outputFolder(out: string): OutputFolder {
  const resolved = path.resolve(out);
  return { out: resolved, partial: `${resolved}.whence-partial` };
}

/** `empty` also where there is no such folder yet. */
export function stateOfOut({ out }: OutputFolder): 'empty' | 'taken' {
  requireFolderPlace(out);
  const status = statSync(out, { throwIfNoEntry: false });
  if (status === undefined) return 'empty';
  return status.isDirectory() && readdirSync(out).length === 0 ? 'empty' : 'taken';
}

/** Start time of a live process in kernel ticks, where the system tells: process ids are used again. */
function startOf(pid: number): string {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return '';
  const text = readFileSync(file, 'latin1');
  // The command name in brackets may hold spaces; field 22 counts from before it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Takes the partial folder for this process, making it where it is not there.
 *
 * @throws UserError `training-in-progress` where another process is writing it
 */
export function claim({ out, partial }: OutputFolder): void {
  makeFolder(partial);
  const lock = path.join(partial, lockName);
  const own = `${process.pid} ${startOf(process.pid)}`;
  if (existsSync(lock)) {
    const held = readFileSync(lock, 'latin1').trim();
    const pid = Number(held.split(' ')[0]);
    const live = Number.isInteger(pid) && pid > 0 && isAlive(pid) && held === `${pid} ${startOf(pid)}`.trim();
    if (live && held !== own.trim())
      throw inputError(
        'training-in-progress',
        `Process ${pid} is writing ${out}.`,
        'Wait for it or stop it, or name another folder with --out.',
      );
  }
  writeFileSync(lock, own);
}

/** Lets the partial folder go: another process, or this one, may go on from it. */
export function release({ partial }: OutputFolder): void {
  rmSync(path.join(partial, lockName), { force: true });
}

/** Takes away what files were left half-written by a process that was killed; only they end in `.part`. */
export function sweep({ partial }: OutputFolder): void {
  for (const entry of readdirSync(partial, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith('.part'))
      rmSync(path.join(entry.parentPath, entry.name), { force: true });
  }
}

/** Moves the finished folder into place. */
export function publish({ out, partial }: OutputFolder): void {
  rmSync(path.join(partial, lockName), { force: true });
  // Renaming onto an empty folder works on some systems only.
  if (existsSync(out)) rmdirSync(out);
  renameSync(partial, out);
}

/** Takes everything away that a run wrote and that nothing can go on from. */
export function discard({ partial }: OutputFolder): void {
  rmSync(partial, { recursive: true, force: true });
}
