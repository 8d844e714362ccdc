import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** Files larger than this are told apart by size and time alone. */
const hashedBytes = 32 << 20;

/** Everything under a folder: relative path -> kind, size and content. Equal snapshots: nothing was touched. */
export function snapshot(folder: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  const visit = (relative: string): void => {
    for (const name of readdirSync(path.join(folder, relative)).sort()) {
      const inside = path.join(relative, name);
      const place = path.join(folder, inside);
      const status = lstatSync(place);
      if (status.isSymbolicLink()) entries.set(inside, `link to ${readlinkSync(place)}`);
      else if (status.isDirectory()) {
        entries.set(inside, 'folder');
        visit(inside);
      } else if (!status.isFile()) entries.set(inside, 'special');
      else if (status.size > hashedBytes) entries.set(inside, `${status.size} bytes, ${status.mtimeMs}`);
      else entries.set(inside, createHash('sha256').update(readFileSync(place)).digest('hex'));
    }
  };
  visit('');
  return entries;
}
