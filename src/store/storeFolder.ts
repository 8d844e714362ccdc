/**
 * store/ keeps what is costly to compute and what must be remembered, in `.whence/`: gradient indices, factors, scores,
 * retraining results, lineage. Files appear whole or not at all and are never changed afterwards, so a store is readable
 * after a kill at any moment, and several processes may write to it at once. What lies in it is hostile input when read.
 *
 * It never knows what a vector or a tensor means, never computes with a model, and never touches anything outside its
 * folder.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, writeTextAtomically } from '../data/writeFile';

/** Name of the store's folder, beside `whence.json`. */
export const storeFolderName = '.whence';

/** What a store is kept with; saved nowhere, because it changes no result. */
export interface StoreSettings {
  /** Most bytes that the whole store may take; what would go beyond is refused. */
  readonly budgetBytes: number;
  /** Bytes of a shard of a vector index: what a kill can lose at most. */
  readonly shardBytes: number;
}

export const defaultStoreSettings: StoreSettings = { budgetBytes: 5e9, shardBytes: 64 * 2 ** 20 };

/** The store of a workspace: beside its `whence.json`. */
export function storeFolderOf(workspaceFolder: string): string {
  return path.join(path.resolve(workspaceFolder), storeFolderName);
}

const notice = `This folder is Whence's store. It holds data derived from your training rows: gradients, scores, factors, and the record
of what was run on what. Treat it as you treat the rows themselves: whoever may not see them should not get this folder.

It is ignored by git. "whence store" shows what is in it and how large it is; "whence store --clean" removes what you name.
Everything but lineage/ can be computed again.
`;

/**
 * Makes the store's folder with its notice and a .gitignore, unless they are there.
 *
 * @throws UserError `write-failed`
 */
export async function prepareStore(storeFolder: string): Promise<void> {
  makeFolder(storeFolder);
  const files = [
    ['.gitignore', '*\n'],
    ['README.txt', notice],
  ] as const;
  for (const [name, text] of files) {
    const file = path.join(storeFolder, name);
    if (!existsSync(file)) await writeTextAtomically(file, text);
  }
}
