/** The union of all shards of an index, less what tombstones name: where each row lies. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { inputError, UserError } from '../protocol/errors';
import { isJsonObject } from '../protocol/json';
import { readStoredJson, writeStoredJson } from './storedJson';
import { keyBytes, maximumShardRows, openShard, type Shard, type ShardForm } from './vectorShard';

/** `NNNNN-WRITER.safetensors`: the number is one more than any shard there was, so earlier copies of a row win. */
export const shardName = /^(\d{5,9})-[a-z0-9-]{1,120}\.safetensors$/;
export const tombstonesName = /^tombstones-[a-z0-9-]{1,120}\.json$/;
const tombstonesSchema = 'whence.tombstones/1';

/** Where a row lies. */
export interface RowPlace {
  readonly shard: Shard;
  readonly row: number;
}

export class ShardCatalogue {
  /** In order of name; earlier copies of a row win. */
  private shards: readonly Shard[] = [];
  /** hash -> number of its shard * maximumShardRows + row. */
  private places = new Map<string, number>();
  /** Removed rows by shard name. */
  private removed = new Map<string, Set<number>>();
  private readonly opened = new Map<string, Shard>();
  private damaged = new Map<string, UserError>();
  private tombstoneFiles: readonly string[] = [];

  constructor(
    private readonly folder: string,
    private readonly form: ShardForm,
  ) {}

  /** Shards that cannot be used, with what to do. */
  get problems(): readonly UserError[] {
    return [...this.damaged.values()];
  }

  get shardList(): readonly Shard[] {
    return this.shards;
  }

  /** Rows that can be read. */
  get size(): number {
    return this.places.size;
  }

  get tombstones(): readonly string[] {
    return this.tombstoneFiles;
  }

  /** Files that are of no use any more; not those that merely could not be read just now. */
  get damagedFiles(): readonly string[] {
    return [...this.damaged].flatMap(([name, { code }]) => (code === 'file-unreadable' ? [] : [name]));
  }

  has(hash: string): boolean {
    return this.places.has(hash);
  }

  find(hash: string): RowPlace | undefined {
    const place = this.places.get(hash);
    if (place === undefined) return undefined;
    const shard = this.shards[Math.floor(place / maximumShardRows)]!;
    return { shard, row: place % maximumShardRows };
  }

  hashes(): Iterable<string> {
    return this.places.keys();
  }

  /** The number that the next shard gets. */
  nextNumber(): number {
    let largest = -1;
    for (const name of readdirSync(this.folder)) {
      const match = shardName.exec(name);
      if (match !== null) largest = Math.max(largest, Number(match[1]));
    }
    return largest + 1;
  }

  /** Looks at the folder again: other processes may have added or replaced shards. */
  async refresh(): Promise<void> {
    const names = readdirSync(this.folder).sort();
    const found: Shard[] = [];
    const damaged = new Map<string, UserError>();
    for (const name of names.filter((entry) => shardName.test(entry)).sort(byNumber)) {
      const shard = this.opened.get(name) ?? (await openShard(path.join(this.folder, name), this.form));
      if (!(shard instanceof UserError)) {
        this.opened.set(name, shard);
        found.push(shard);
      } else if (shard.code !== 'file-missing') damaged.set(name, shard);
    }
    this.tombstoneFiles = names.filter((name) => tombstonesName.test(name));
    this.removed = new Map();
    for (const name of this.tombstoneFiles) {
      const problem = this.readTombstones(path.join(this.folder, name));
      if (problem !== undefined) damaged.set(name, problem);
    }
    this.damaged = damaged;
    this.shards = found;
    const present = new Set(names);
    for (const name of this.opened.keys()) if (!present.has(name)) this.opened.delete(name);
    this.places = new Map();
    for (const [index, shard] of found.entries()) this.index(shard, index);
  }

  /** Adds a shard that this process has just written. */
  add(shard: Shard): void {
    this.opened.set(shard.name, shard);
    this.shards = [...this.shards, shard];
    this.index(shard, this.shards.length - 1);
  }

  /** Treats a shard's rows as missing from now on. */
  exclude(shard: Shard, problem: UserError): void {
    this.damaged.set(shard.name, problem);
    this.shards = this.shards.filter((other) => other !== shard);
    this.opened.delete(shard.name);
    this.places = new Map();
    for (const [index, other] of this.shards.entries()) this.index(other, index);
  }

  /** Names every stored copy of the rows as removed, in a file of its own. */
  async remove(hashes: ReadonlySet<string>, writer: string, number: number): Promise<void> {
    const removed: Record<string, number[]> = {};
    for (const shard of this.shards) {
      const rows = keysOf(shard).flatMap((hash, row) =>
        hashes.has(hash) && !this.removed.get(shard.name)?.has(row) ? [row] : [],
      );
      if (rows.length > 0) removed[shard.name] = rows;
    }
    if (Object.keys(removed).length === 0) return;
    const file = path.join(this.folder, `tombstones-${writer}-${number}.json`);
    await writeStoredJson(file, { schema: tombstonesSchema, removed });
    await this.refresh();
  }

  private index(shard: Shard, index: number): void {
    const removed = this.removed.get(shard.name);
    for (const [row, hash] of keysOf(shard).entries()) {
      if (removed?.has(row) || this.places.has(hash)) continue;
      this.places.set(hash, index * maximumShardRows + row);
    }
  }

  private readTombstones(file: string): UserError | undefined {
    const value = readStoredJson(file);
    if (value instanceof UserError) return value.code === 'file-missing' ? undefined : value;
    if (value.schema !== tombstonesSchema || !isJsonObject(value.removed)) return damagedTombstones(file);
    for (const [name, rows] of Object.entries(value.removed)) {
      if (!Array.isArray(rows) || !rows.every((row) => Number.isSafeInteger(row) && row >= 0))
        return damagedTombstones(file);
      const known = this.removed.get(name) ?? new Set<number>();
      for (const row of rows as number[]) known.add(row);
      this.removed.set(name, known);
    }
    return undefined;
  }
}

function damagedTombstones(file: string): UserError {
  return inputError(
    'tombstones-damaged',
    `${file} is left out: it does not list removed rows.`,
    'Delete the file; rows that are no longer in the data are never asked for.',
  );
}

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}

/** Hex, row by row. */
export function keysOf({ keys, rows }: Pick<Shard, 'keys' | 'rows'>): string[] {
  const hex = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength).toString('hex');
  return Array.from({ length: rows }, (_, row) => hex.slice(row * keyBytes * 2, (row + 1) * keyBytes * 2));
}
