import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { internalError } from '../protocol/errors';

/** Bundles lie at most so many folders below the one that holds the worker. */
const deepest = 6;

/** The bundle of `workers/main.ts`: beside the running bundle, or in a folder above it. */
export function workerModule(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  for (let i = 0; i < deepest; i++) {
    const candidate = path.join(folder, 'linalgWorker.mjs');
    if (existsSync(candidate)) return candidate;
    folder = path.dirname(folder);
  }
  throw internalError('the worker bundle is not beside the running one');
}
