import { utimesSync } from 'node:fs';
import { type JsonLimits, readJsonObject } from '../data/boundedJson';
import { canonicalJson } from '../data/hash';
import { writeTextAtomically } from '../data/writeFile';
import { UserError } from '../protocol/errors';
import type { JsonObject } from '../protocol/json';

/** For the store's own JSON files. */
export const storedJsonLimits: JsonLimits = { maximumBytes: 64 << 20, maximumDepth: 64, maximumValues: 4_000_000 };

/** Canonical, so that equal content is equal bytes. */
export async function writeStoredJson(file: string, value: JsonObject): Promise<void> {
  await writeTextAtomically(file, `${canonicalJson(value)}\n`);
}

/** The object in a file of the store; a UserError as value where it is missing or damaged. */
export function readStoredJson(file: string): JsonObject | UserError {
  try {
    return readJsonObject(file, storedJsonLimits);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** The time of a JSON file says when what it describes was last used. */
export function markUsed(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // A store that may only be read cannot remember when it was last used.
  }
}
