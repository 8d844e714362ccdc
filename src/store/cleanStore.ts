/** Chooses what to remove from a store and the user-level cache, and removes it. */
import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inputError } from '../protocol/errors';
import { busyError, heldLeases } from './lease';
import { leftoversKind, lineageKind, type StoreItem } from './storeContents';

/**
 * What a list of words chooses: a kind (`index`, `weights`, …) all of it; `unused` leftovers and what was not used for
 * `days`; `all` everything. The lineage cannot be computed again and is chosen by its own name only.
 *
 * @throws UserError `kind-unknown`
 */
export function chooseItems(
  items: readonly StoreItem[],
  words: readonly string[],
  days: number,
  now: number,
): readonly StoreItem[] {
  const kinds = [...new Set(items.map(({ kind }) => kind))].sort();
  for (const word of words) {
    if (['all', 'unused', leftoversKind, lineageKind, ...kinds].includes(word)) continue;
    throw inputError(
      'kind-unknown',
      `There is nothing of the kind "${word}".`,
      `Name one of ${['all', 'unused', ...kinds].join(', ')}.`,
    );
  }
  const since = now - days * 24 * 3600e3;
  return items.filter(({ kind, lastUsed }) => {
    if (words.includes(kind)) return true;
    if (kind === lineageKind) return false;
    return words.includes('all') || (words.includes('unused') && (kind === leftoversKind || lastUsed < since));
  });
}

/**
 * Removes items. A folder is renamed first, so that a kill leaves it whole or gone.
 *
 * @throws UserError `store-busy` where a job is at work in the store
 */
export function removeItems(storeFolder: string, items: readonly StoreItem[]): void {
  if (items.some(({ place }) => place === 'store')) {
    const [held] = heldLeases(storeFolder).filter(({ name }) => !name.startsWith('lineage-'));
    if (held !== undefined) throw busyError(storeFolder, held);
  }
  for (const { place, paths } of items) {
    for (const target of paths) {
      const isFolder = lstatSync(target, { throwIfNoEntry: false })?.isDirectory() ?? false;
      const parent = place === 'store' ? storeFolder : path.dirname(target);
      const gone = isFolder ? path.join(parent, `.removed-${randomBytes(6).toString('hex')}`) : target;
      if (isFolder) renameSync(target, gone);
      rmSync(gone, { recursive: true, force: true });
    }
  }
}
