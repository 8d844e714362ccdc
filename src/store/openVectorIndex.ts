/** An index of vectors on disk, one per row of training data, keyed by the row's `encodingHash`. */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../data/writeFile';
import { inputError, internalError, UserError } from '../protocol/errors';
import { version } from '../protocol/version';
import { abandonedFiles } from './abandonedFiles';
import { decodeHalfRows } from './halfRows';
import { withLease } from './lease';
import { PendingRows } from './pendingRows';
import { readVectors, type VectorTarget } from './readVectors';
import { type RowPlace, ShardCatalogue } from './shardCatalogue';
import { markUsed, readStoredJson, writeStoredJson } from './storedJson';
import { prepareStore, type StoreSettings } from './storeFolder';
import { requireRoom } from './storeSize';
import {
  descriptionHash,
  descriptionJson,
  rowBytes,
  type VectorElement,
  type VectorIndexDescription,
  widthOf,
} from './vectorDescription';
import { maximumShardRows, type ShardForm, verifyShard, writeShard } from './vectorShard';
import { newWriter } from './writerIdentity';
import {
  lostShards,
  newSegment,
  readSegments,
  type ShardAssignment,
  type WriterSegment,
  writeSegment,
} from './writerSegment';

export const manifestSchema = 'whence.index/1';

export interface VectorIndexSettings extends StoreSettings {
  /** The part of the rows that this process computes; undefined: all of them. */
  readonly assignment: ShardAssignment | undefined;
}

/** Rows in the order they were asked for. */
export interface LoadedVectors {
  readonly element: VectorElement;
  readonly width: number;
  /** [n, width]; float16: binary16 bits, to be multiplied by the row's scale. */
  readonly data: Uint16Array | Float32Array;
  /** [n]; all 1 for float32. */
  readonly rowScales: Float32Array;
  /** [n, s], in the order of the description's `scalars`. */
  readonly scalars: Float32Array;
}

/** Some rows as float32. The arrays are used again for the next block: copy what is to be kept. */
export interface VectorBlock {
  /** Position of the first row among those asked for. */
  readonly start: number;
  readonly rows: number;
  /** [rows, width] */
  readonly values: Float32Array;
  /** [rows, s] */
  readonly scalars: Float32Array;
}

/**
 * Opens the index of a description in a store, and makes it where there is none.
 *
 * @throws UserError `index-damaged` where its manifest belongs to something else, `write-failed`
 */
export async function openVectorIndex(
  storeFolder: string,
  description: VectorIndexDescription,
  settings: VectorIndexSettings,
): Promise<VectorIndex> {
  await prepareStore(storeFolder);
  const hash = descriptionHash(description);
  const folder = path.join(storeFolder, 'index', hash);
  makeFolder(folder);
  const manifest = path.join(folder, 'manifest.json');
  if (existsSync(manifest)) checkManifest(manifest, hash);
  else await writeManifest(manifest, hash, description);
  const index = new VectorIndex(storeFolder, folder, hash, description, settings);
  for (const file of abandonedFiles(folder)) rmSync(file, { force: true });
  await index.refresh();
  return index;
}

async function writeManifest(file: string, hash: string, description: VectorIndexDescription): Promise<void> {
  await writeStoredJson(file, { schema: manifestSchema, version, hash, description: descriptionJson(description) });
}

/** Also marks the index as used now. */
function checkManifest(file: string, hash: string): void {
  const value = readStoredJson(file);
  if (value instanceof UserError || value.schema !== manifestSchema || value.hash !== hash) {
    throw inputError(
      'index-damaged',
      `${file} does not describe the index in its folder.`,
      'Delete that file; it is written again.',
    );
  }
  markUsed(file);
}

export class VectorIndex {
  /** Elements of a vector. */
  readonly width: number;
  readonly form: ShardForm;
  private readonly catalogue: ShardCatalogue;
  private readonly pending: PendingRows;
  private readonly writer = newWriter();
  private segment: WriterSegment;
  private tombstoneNumber = 0;
  private lost: readonly UserError[] = [];

  /** Use {@link openVectorIndex}. */
  constructor(
    readonly storeFolder: string,
    readonly folder: string,
    /** Hash of the description. */
    readonly hash: string,
    readonly description: VectorIndexDescription,
    private readonly settings: VectorIndexSettings,
  ) {
    this.width = widthOf(description);
    const { element, scalars } = description;
    this.form = { index: hash, element, width: this.width, scalarCount: scalars.length };
    this.catalogue = new ShardCatalogue(folder, this.form);
    const shardRows = Math.floor(settings.shardBytes / rowBytes(description));
    this.pending = new PendingRows(this.form, Math.min(maximumShardRows, Math.max(1, shardRows)));
    this.segment = newSegment(this.writer, settings.assignment);
  }

  /** What is damaged or gone, each with what to do; its rows count as missing. */
  get problems(): readonly UserError[] {
    return [...this.catalogue.problems, ...this.lost];
  }

  /** Rows that are stored (without those of the shard in work). */
  get rows(): number {
    return this.catalogue.size;
  }

  /** Bytes of all shards. */
  get bytes(): number {
    return this.catalogue.shardList.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Looks for what other processes have written. */
  async refresh(): Promise<void> {
    await this.catalogue.refresh();
    const segments = readSegments(this.folder).flatMap((segment) => (segment instanceof UserError ? [] : [segment]));
    this.lost = lostShards(this.folder, segments);
  }

  /** Those of `hashes` that are not stored, each once, in the order given. */
  missing(hashes: Iterable<string>): string[] {
    const found = new Set<string>();
    for (const hash of hashes) if (!this.has(hash)) found.add(hash);
    return [...found];
  }

  has(hash: string): boolean {
    return this.catalogue.has(hash) || this.pending.has(hash);
  }

  /**
   * Adds rows; whole shards are written as they fill, the rest by {@link flush}. Rows that are there already are left as
   * they are.
   *
   * @param vectors [n, width]
   * @param scalars [n, s]
   * @throws UserError `vectors-not-finite`, `store-full`, `write-failed`
   */
  async append(hashes: readonly string[], vectors: Float32Array, scalars: Float32Array): Promise<void> {
    const { width, scalarCount } = this.form;
    if (vectors.length !== hashes.length * width || scalars.length !== hashes.length * scalarCount)
      throw internalError(`${hashes.length} rows of ${width} + ${scalarCount} numbers do not fill the arrays given`);
    for (const [row, hash] of hashes.entries()) {
      if (!/^[0-9a-f]{64}$/.test(hash)) throw internalError(`"${hash}" is no SHA-256`);
      if (this.has(hash)) continue;
      this.pending.add(hash, vectors, scalars, row);
      if (this.pending.size === this.pending.shardRows) await this.flush();
    }
  }

  /** Writes the shard in work. */
  async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    requireRoom(this.storeFolder, this.pending.size * rowBytes(this.description), this.settings);
    const number = String(this.catalogue.nextNumber()).padStart(5, '0');
    const name = `${number}-${this.writer}.safetensors`;
    const shard = await writeShard(path.join(this.folder, name), this.form, this.pending.content);
    this.catalogue.add(shard);
    this.pending.clear();
    this.segment = { ...this.segment, shards: [...this.segment.shards, name] };
    await writeSegment(this.folder, this.segment);
  }

  /** Writes what is left and says that this writer's part is done. */
  async finish(): Promise<void> {
    await this.flush();
    this.segment = { ...this.segment, finished: true };
    if (this.segment.shards.length > 0 || this.settings.assignment !== undefined)
      await writeSegment(this.folder, this.segment);
  }

  /**
   * Rows in the order asked for; a row may be asked for twice.
   *
   * @throws UserError `index-incomplete` where rows are missing, `index-too-large` where they do not fit into memory
   */
  async load(hashes: readonly string[]): Promise<LoadedVectors> {
    const target = this.allocate(hashes.length);
    await this.readInto(hashes, target);
    return { element: this.form.element, width: this.width, ...target };
  }

  /**
   * As {@link load}, into arrays of the caller's (of shared memory, say): data [>= n, width], of the index's element.
   *
   * @throws UserError `index-incomplete`
   */
  async loadInto(hashes: readonly string[], target: VectorTarget): Promise<void> {
    const { width, scalarCount, element } = this.form;
    const { data, rowScales, scalars } = target;
    const n = hashes.length;
    const fits = data.length >= n * width && rowScales.length >= n && scalars.length >= n * scalarCount;
    if (!fits || data instanceof Uint16Array !== (element === 'float16'))
      throw internalError(`arrays of another size or type than ${n} rows of ${width} ${element} take`);
    await this.readInto(hashes, target);
  }

  /**
   * Hands over the rows block by block, in the order asked for, in the memory of one block.
   *
   * @throws UserError `index-incomplete`
   */
  async readBlocks(
    hashes: readonly string[],
    blockRows: number,
    visit: (block: VectorBlock) => void | Promise<void>,
  ): Promise<void> {
    const { width, scalarCount } = this.form;
    const most = Math.max(1, Math.min(blockRows, hashes.length));
    const target = this.allocate(most);
    const values = target.data instanceof Float32Array ? target.data : new Float32Array(most * width);
    for (let start = 0; start < hashes.length; start += most) {
      const part = hashes.slice(start, start + most);
      await this.readInto(part, target);
      const { data, rowScales, scalars } = target;
      if (data instanceof Uint16Array) decodeHalfRows(data, rowScales, width, 0, part.length, values);
      await visit({
        start,
        rows: part.length,
        values: values.subarray(0, part.length * width),
        scalars: scalars.subarray(0, part.length * scalarCount),
      });
    }
  }

  /** The scalars alone, [n, s], in the order asked for; no vector is read. @throws UserError `index-incomplete` */
  async loadScalars(hashes: readonly string[]): Promise<Float32Array> {
    const { scalarCount } = this.form;
    const scalars = new Float32Array(hashes.length * scalarCount);
    for (const [at, { shard, row }] of (await this.find(hashes)).entries())
      scalars.set(shard.scalars.subarray(row * scalarCount, (row + 1) * scalarCount), at * scalarCount);
    return scalars;
  }

  /** Forgets rows by writing tombstones; {@link compact} frees their room. @throws UserError `store-busy` */
  async remove(hashes: readonly string[]): Promise<void> {
    await this.flush();
    await withLease(this.storeFolder, this.editLease, async () => {
      await this.refresh();
      this.tombstoneNumber += 1;
      await this.catalogue.remove(new Set(hashes), this.writer, this.tombstoneNumber);
    });
  }

  /**
   * Writes the rows that count into full shards and removes the others, damaged files and duplicates. A kill in between
   * leaves duplicates, which are harmless. @throws UserError `store-busy`, `store-full`
   */
  async compact(): Promise<void> {
    await this.flush();
    await withLease(this.storeFolder, this.editLease, async () => {
      await this.refresh();
      const { tombstones, damagedFiles } = this.catalogue;
      const old = this.catalogue.shardList;
      const hashes = [...this.catalogue.hashes()];
      if (old.length > 0) requireRoom(this.storeFolder, hashes.length * rowBytes(this.description), this.settings);
      await this.rewrite(hashes);
      const replaced = old.map(({ name }) => name);
      this.segment = { ...this.segment, replaced: [...this.segment.replaced, ...replaced, ...damagedFiles] };
      await writeSegment(this.folder, this.segment);
      // Tombstones last: without them a removed row would be back if this were killed here.
      for (const name of [...replaced, ...damagedFiles, ...tombstones])
        rmSync(path.join(this.folder, name), { force: true });
      await this.refresh();
    });
  }

  /**
   * Reads every byte of every shard and compares it with what was written. Rows of damaged shards count as missing from
   * then on.
   */
  async verify(): Promise<readonly UserError[]> {
    for (const shard of this.catalogue.shardList) {
      const problem = await verifyShard(shard);
      if (problem !== undefined) this.catalogue.exclude(shard, problem);
    }
    return this.problems;
  }

  private get editLease(): string {
    return `edit-${this.hash}`;
  }

  private async rewrite(hashes: readonly string[]): Promise<void> {
    const { shardRows } = this.pending;
    for (let start = 0; start < hashes.length; start += shardRows) {
      const part = hashes.slice(start, start + shardRows);
      const { data, rowScales, scalars } = await this.load(part);
      const keys = Buffer.from(part.join(''), 'hex');
      const name = `${String(this.catalogue.nextNumber()).padStart(5, '0')}-${this.writer}.safetensors`;
      await writeShard(path.join(this.folder, name), this.form, { keys, vectors: data, rowScales, scalars });
      this.segment = { ...this.segment, shards: [...this.segment.shards, name] };
    }
  }

  private async readInto(hashes: readonly string[], target: VectorTarget): Promise<void> {
    const places = await this.find(hashes);
    try {
      await readVectors(places, this.width, this.form.scalarCount, target);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'file-missing') throw error;
      // Another process has compacted the index since the folder was looked at.
      await this.refresh();
      await readVectors(await this.find(hashes), this.width, this.form.scalarCount, target);
    }
  }

  private async find(hashes: readonly string[]): Promise<readonly RowPlace[]> {
    if (hashes.some((hash) => this.pending.has(hash))) await this.flush();
    const places: RowPlace[] = [];
    for (const hash of hashes) {
      const place = this.catalogue.find(hash);
      if (place === undefined) throw this.incomplete(hashes);
      places.push(place);
    }
    return places;
  }

  private incomplete(hashes: readonly string[]): UserError {
    const missing = this.missing(hashes);
    const damaged = this.problems.map(({ message }) => ` ${message}`).slice(0, 3);
    return inputError(
      'index-incomplete',
      `${this.folder} lacks ${missing.length} of ${hashes.length} rows.${damaged.join('')}`,
      'Run the command again: only the missing rows are computed.',
    );
  }

  private allocate(rows: number): VectorTarget {
    const { element, width, scalarCount } = this.form;
    try {
      return {
        data: element === 'float16' ? new Uint16Array(rows * width) : new Float32Array(rows * width),
        rowScales: new Float32Array(rows),
        scalars: new Float32Array(rows * scalarCount),
      };
    } catch (error) {
      throw inputError(
        'index-too-large',
        `${rows} vectors of ${width} elements do not fit into memory.`,
        'Project them to fewer dimensions, or use fewer rows.',
        { cause: error },
      );
    }
  }
}
