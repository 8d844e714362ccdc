import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../protocol/json';
import { keepTrace, keptTraceIds, readKeptTrace } from '../store/keptTraces';

/** Records of one kind in the workspace's store, read when they are first asked for and again when the store has moved. */
export interface KeptRecords<R extends { readonly id: string }> {
  all(): ReadonlyMap<string, R>;
  keep(record: R): Promise<void>;
}

/** An id that sorts by time. @param when milliseconds since 1970 */
export function newRecordId(when: number): string {
  const stamp = new Date(when)
    .toISOString()
    .replace(/[^0-9]/g, '')
    .slice(0, 14);
  return `${stamp}-${randomBytes(4).toString('hex')}`;
}

/** @param parse undefined where a record is not of this kind */
export function createKeptRecords<R extends { readonly id: string }>(
  storeFolder: () => string,
  parse: (value: JsonObject) => R | undefined,
): KeptRecords<R> {
  let records = new Map<string, R>();
  let known: string | undefined;
  const all = (): ReadonlyMap<string, R> => {
    const folder = storeFolder();
    if (known === folder) return records;
    known = folder;
    records = new Map();
    for (const id of keptTraceIds(folder)) {
      const value = readKeptTrace(folder, id);
      const record = value === undefined ? undefined : parse(value);
      if (record !== undefined && record.id === id) records.set(id, record);
    }
    return records;
  };
  return {
    all,
    keep: async (record) => {
      all();
      records.set(record.id, record);
      // What is undefined in a message is absent in a file.
      await keepTrace(storeFolder(), record.id, JSON.parse(JSON.stringify(record)) as JsonObject);
    },
  };
}
