/** What an entry of the lineage says. */
import { hashRow } from '../data/hash';
import type { JsonObject } from '../protocol/json';

/** A file with the hash of its content. */
export interface LineageFile {
  readonly path: string;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** What a command says of itself. */
export interface LineageRecord {
  /** `train`, `trace`, … */
  readonly command: string;
  /** Hashes of entries that this one builds on; those whose outputs are among the inputs are added. */
  readonly parents: readonly string[];
  readonly inputs: readonly LineageFile[];
  readonly settings: JsonObject;
  readonly metrics: JsonObject;
  readonly outputs: readonly LineageFile[];
}

export interface LineageEntry extends LineageRecord {
  /** SHA-256 (hex) of everything else in the entry. */
  readonly hash: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** `user@host` */
  readonly who: string;
  /** Of Whence. */
  readonly version: string;
  /** The entry before it in its segment; empty for the first. */
  readonly previous: string;
  /** The last entries of the other segments. */
  readonly seen: readonly string[];
}

/** A longer entry is refused when written and not read. */
export const maximumEntryBytes = 4 << 20;

export function entryHash(entry: Omit<LineageEntry, 'hash'>): string {
  return hashRow(entryJson(entry));
}

/** The entry without its hash, as it is hashed. */
export function entryJson(entry: Omit<LineageEntry, 'hash'>): JsonObject {
  const files = (list: readonly LineageFile[]) => list.map(({ path: name, hash }) => ({ path: name, hash }));
  const { command, time, who, version, previous, parents, seen, settings, metrics } = entry;
  return {
    command,
    time,
    who,
    version,
    previous,
    parents: [...parents],
    seen: [...seen],
    inputs: files(entry.inputs),
    settings,
    metrics,
    outputs: files(entry.outputs),
  };
}
