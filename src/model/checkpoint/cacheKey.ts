/** What identifies the bytes of some files without reading them: path, size and time of change. */
import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { inputError } from '../../protocol/errors';

/** Hex; `salt` names what the key is for, with the version of the code that makes it. */
export function cacheKey(salt: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(salt);
  for (const file of [...files].sort()) {
    const { size, mtimeNs } = statSync(file, { bigint: true });
    hash.update(JSON.stringify([file, String(size), String(mtimeNs)]));
  }
  return hash.digest('hex').slice(0, 32);
}

/** Makes a folder of the cache; throws a UserError where that is not possible. */
export function makeCacheFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw inputError(
      'cache-folder',
      `The cache folder ${folder} cannot be made (${error instanceof Error ? error.message : String(error)}).`,
      'Name a cache folder that may be written to.',
      { cause: error },
    );
  }
}
