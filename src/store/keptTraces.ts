/** `traces/ID.json`: traces that the editor keeps, so that their tags are there when it is opened again. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../data/writeFile';
import { UserError } from '../protocol/errors';
import type { JsonObject } from '../protocol/json';
import { readStoredJson, writeStoredJson } from './storedJson';
import { prepareStore } from './storeFolder';

export const keptTraceSchema = 'whence.keptTrace/1';
const nameOf = /^[0-9a-z-]{8,64}$/;

/** @throws UserError `write-failed` */
export async function keepTrace(storeFolder: string, id: string, record: JsonObject): Promise<void> {
  await prepareStore(storeFolder);
  makeFolder(path.join(storeFolder, 'traces'));
  await writeStoredJson(fileOf(storeFolder, id), { schema: keptTraceSchema, record });
}

/** undefined: there is none of this id, or it is damaged. */
export function readKeptTrace(storeFolder: string, id: string): JsonObject | undefined {
  const value = readStoredJson(fileOf(storeFolder, id));
  if (value instanceof UserError || value.schema !== keptTraceSchema) return undefined;
  const { record } = value;
  return typeof record === 'object' && record !== null && !Array.isArray(record) ? (record as JsonObject) : undefined;
}

/** Ids of the traces kept. */
export function keptTraceIds(storeFolder: string): readonly string[] {
  const folder = path.join(storeFolder, 'traces');
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && nameOf.test(name.slice(0, -5)))
    .map((name) => name.slice(0, -5))
    .sort();
}

function fileOf(storeFolder: string, id: string): string {
  if (!nameOf.test(id)) throw new Error(`internal: a trace cannot be called ${JSON.stringify(id.slice(0, 80))}`);
  return path.join(storeFolder, 'traces', `${id}.json`);
}
