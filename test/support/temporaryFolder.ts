import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const folders: string[] = [];

/** A new folder that is gone when the process ends: for fixtures that many tests of a file share. */
export function temporaryFolder(prefix: string): string {
  if (folders.length === 0) process.once('exit', removeAll);
  const folder = mkdtempSync(path.join(os.tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
