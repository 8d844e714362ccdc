import { cpSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface CopiedWorkspace {
  /** Absolute path of the copy. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** A copy of the sample workspace that a suite may write into. */
export function copySample(): CopiedWorkspace {
  return copyFolder(path.resolve('samples', 'assistant'));
}

/** A copy of any folder in a temporary place, under its own name, which is what the window's title shows. */
export function copyFolder(source: string): CopiedWorkspace {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'whence-workspace-'));
  const folder = path.join(parent, path.basename(source));
  cpSync(source, folder, { recursive: true, filter: (file) => path.basename(file) !== '.whence' });
  return { folder, remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5 }) };
}
