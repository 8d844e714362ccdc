import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Compares text with a file under test/golden. The file is rewritten, and the test passes, only with
 * WHENCE_UPDATE_GOLDEN=1 in the environment: read the difference before committing it.
 */
export function assertGolden(name: string, actual: string): void {
  const file = path.join('test/golden', name);
  if (process.env.WHENCE_UPDATE_GOLDEN === '1') {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  assert.equal(actual, readFileSync(file, 'utf8'), `${file} differs; WHENCE_UPDATE_GOLDEN=1 rewrites it`);
}
