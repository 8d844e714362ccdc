/** What identifies the bytes of some files without reading them: path, size and time of change. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { inputError } from '../../protocol/errors';

/** Hex; `salt` names what the key is for, with the version of the code that makes it. */
export function cacheKey(salt: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(salt);
  for (const file of [...files].sort()) {
    hash.update(JSON.stringify([file, ...sizeAndTime(file)]));
  }
  return hash.digest('hex').slice(0, 32);
}

function sizeAndTime(file: string): string[] {
  try {
    const { size, mtimeNs } = statSync(file, { bigint: true });
    return [String(size), String(mtimeNs)];
  } catch (error) {
    throw inputError('file-missing', `${file} is no longer there.`, 'Open the model again.', { cause: error });
  }
}
