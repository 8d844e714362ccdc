import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { inputError } from '../protocol/errors';
import type { StoreSettings } from './storeFolder';

/** A file of a store. */
export interface StoredFile {
  readonly file: string;
  readonly bytes: number;
  /** Milliseconds since 1970 of the last change. */
  readonly changed: number;
}

const maximumDepth = 8;

/** Every regular file below a folder; links are not followed. None where there is no such folder. */
export function filesBelow(folder: string): readonly StoredFile[] {
  const found: StoredFile[] = [];
  const walk = (place: string, depth: number): void => {
    for (const entry of readdirIfThere(place)) {
      const file = path.join(place, entry);
      const status = lstatSync(file, { throwIfNoEntry: false });
      if (status?.isDirectory() && depth < maximumDepth) walk(file, depth + 1);
      else if (status?.isFile()) found.push({ file, bytes: status.size, changed: status.mtimeMs });
    }
  };
  walk(folder, 0);
  return found;
}

function readdirIfThere(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    // A folder that another process removed meanwhile, or that was never made, holds nothing.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Bytes of all files of a store. */
export function storeBytes(storeFolder: string): number {
  return filesBelow(storeFolder).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Makes sure that so much more fits into the budget.
 *
 * @throws UserError `store-full`
 */
export function requireRoom(
  storeFolder: string,
  bytes: number,
  { budgetBytes }: Pick<StoreSettings, 'budgetBytes'>,
): void {
  const used = storeBytes(storeFolder);
  if (used + bytes <= budgetBytes) return;
  throw inputError(
    'store-full',
    `${storeFolder} holds ${sizeText(used)}; ${sizeText(bytes)} more would go beyond its budget of ${sizeText(budgetBytes)}.`,
    'Run "whence store" to see what it holds and "whence store --clean unused" to free some, or raise the budget.',
  );
}

/** `1.2 GB`, `340 MB`, `12 kB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}
