/** Reads rows that lie scattered over shards into one array, in as few and as large reads as their places allow. */
import { type OpenFile, readExactly, withFile } from '../data/fileAccess';
import type { RowPlace } from './shardCatalogue';
import type { Shard } from './vectorShard';

/** Rows that follow each other both where they lie and where they go. */
interface Run {
  readonly shard: Shard;
  /** First row in the shard. */
  readonly row: number;
  /** First row in the target. */
  readonly target: number;
  readonly count: number;
}

/** Bytes of one read: large enough for full speed, small enough that progress and a cancellation get in between. */
const readChunkBytes = 32 << 20;

export interface VectorTarget {
  /** [>= n, width] */
  readonly data: Uint16Array | Float32Array;
  /** [>= n] */
  readonly rowScales: Float32Array;
  /** [>= n, s] */
  readonly scalars: Float32Array;
}

/**
 * Reads `places` [n] into the first n rows of `target`.
 *
 * @throws UserError `file-missing` or `file-truncated` where a shard is gone or cut since it was opened
 */
export async function readVectors(
  places: readonly RowPlace[],
  width: number,
  scalarCount: number,
  target: VectorTarget,
): Promise<void> {
  const { data, rowScales, scalars } = target;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const rowBytes = width * data.BYTES_PER_ELEMENT;
  const runs = planRuns(places);
  let sinceYield = 0;
  for (let at = 0; at < runs.length; ) {
    const { shard } = runs[at]!;
    let next = at;
    // One opening per shard and 32 MiB.
    withFile(shard.file, (open) => {
      while (next < runs.length && runs[next]!.shard === shard && sinceYield < readChunkBytes) {
        readRun(open, runs[next]!);
        sinceYield += runs[next]!.count * rowBytes;
        next += 1;
      }
    });
    at = next;
    if (sinceYield >= readChunkBytes) {
      sinceYield = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function readRun(open: OpenFile, { shard, row, target: to, count }: Run): void {
    const part = bytes.subarray(to * rowBytes, (to + count) * rowBytes);
    readExactly(open, part, shard.vectors.offset + row * rowBytes);
    rowScales.set(shard.rowScales.subarray(row, row + count), to);
    if (scalarCount > 0)
      scalars.set(shard.scalars.subarray(row * scalarCount, (row + count) * scalarCount), to * scalarCount);
  }

  /** In the order of the disk. A run is cut so that no read is larger than a chunk. */
  function planRuns(all: readonly RowPlace[]): readonly Run[] {
    const most = Math.max(1, Math.floor(readChunkBytes / rowBytes));
    const found: { shard: Shard; row: number; target: number; count: number }[] = [];
    for (const [index, { shard, row }] of all.entries()) {
      const last = found.at(-1);
      if (last?.shard === shard && last.row + last.count === row && last.count < most) last.count += 1;
      else found.push({ shard, row, target: index, count: 1 });
    }
    return found.sort((a, b) => (a.shard === b.shard ? a.row - b.row : a.shard.name < b.shard.name ? -1 : 1));
  }
}
