import { encodeHalfRows, requireFiniteRows } from './halfRows';
import { keyBytes, type ShardForm, type ShardRows } from './vectorShard';

/** Rows of the next shard, already as they will be stored. */
export class PendingRows {
  private capacity = 0;
  private rows: ShardRows;
  private readonly positions = new Map<string, number>();

  /** @param shardRows rows of a full shard */
  constructor(
    private readonly form: ShardForm,
    readonly shardRows: number,
  ) {
    this.rows = this.allocate(0);
  }

  get size(): number {
    return this.positions.size;
  }

  has(hash: string): boolean {
    return this.positions.has(hash);
  }

  /**
   * Adds row `from` of `vectors` [n, width] and `scalars` [n, s] under `hash`; there must be room.
   *
   * @throws UserError `vectors-not-finite`; nothing is added then
   */
  add(hash: string, vectors: Float32Array, scalars: Float32Array, from: number): void {
    const { width, scalarCount } = this.form;
    const at = this.size;
    if (at === this.capacity) this.grow();
    const { keys, vectors: stored, rowScales, scalars: storedScalars } = this.rows;
    if (stored instanceof Uint16Array) encodeHalfRows(vectors, width, from, 1, stored, rowScales, at);
    else {
      requireFiniteRows(vectors, width, from, 1);
      stored.set(vectors.subarray(from * width, (from + 1) * width), at * width);
      rowScales[at] = 1;
    }
    storedScalars.set(scalars.subarray(from * scalarCount, (from + 1) * scalarCount), at * scalarCount);
    keys.set(Buffer.from(hash, 'hex'), at * keyBytes);
    this.positions.set(hash, at);
  }

  /** The rows so far, as views. */
  get content(): ShardRows {
    const { width, scalarCount } = this.form;
    const { keys, vectors, rowScales, scalars } = this.rows;
    return {
      keys: keys.subarray(0, this.size * keyBytes),
      vectors: vectors.subarray(0, this.size * width),
      rowScales: rowScales.subarray(0, this.size),
      scalars: scalars.subarray(0, this.size * scalarCount),
    };
  }

  /** Forgets the rows, keeps the room. */
  clear(): void {
    this.positions.clear();
  }

  private grow(): void {
    const before = this.content;
    this.capacity = Math.min(this.shardRows, Math.max(64, this.capacity * 2));
    this.rows = this.allocate(this.capacity);
    this.rows.keys.set(before.keys);
    this.rows.vectors.set(before.vectors);
    this.rows.rowScales.set(before.rowScales);
    this.rows.scalars.set(before.scalars);
  }

  private allocate(rows: number): ShardRows {
    const { element, width, scalarCount } = this.form;
    return {
      keys: new Uint8Array(rows * keyBytes),
      vectors: element === 'float16' ? new Uint16Array(rows * width) : new Float32Array(rows * width),
      rowScales: new Float32Array(rows),
      scalars: new Float32Array(rows * scalarCount),
    };
  }
}
