/**
 * Bounds on hostile input, in one table: readers take them as an argument, so that tests can shrink them. Memory used by
 * a reader is a small multiple of `maxRowBytes` plus one batch of rows, whatever the file says of itself.
 */
export interface DataLimits {
  /** Longest row, in bytes of (decompressed) text. Longer rows are a problem; the rows after them are still read. */
  readonly maxRowBytes: number;
  /** Deepest nesting of arrays and objects in a row. */
  readonly maxDepth: number;
  /** Most values (numbers, strings, lists, …) that one row of a binary container may unfold to. */
  readonly maxValuesPerRow: number;
  /** Most bytes that a compressed file may unpack to. */
  readonly maxDecompressedBytes: number;
  /** Largest unpacked / packed ratio, tested once `ratioCheckedAfter` bytes are out. Text rarely goes beyond 30. */
  readonly maxCompressionRatio: number;
  /** Bytes unpacked before the ratio counts. */
  readonly ratioCheckedAfter: number;
  /** Largest header or footer of a binary container, in bytes. */
  readonly maxHeaderBytes: number;
  /** Largest row group (Parquet) or record batch (Arrow), unpacked, in bytes: it is read whole. */
  readonly maxGroupBytes: number;
  /** Most rows a line index may hold (8 bytes each). */
  readonly maxIndexedRows: number;
  /** Rows a reader yields at a time. */
  readonly batchRows: number;
  /** Bytes read from disk at a time. */
  readonly chunkBytes: number;
  /** Largest configuration file (workspace, recipe, mapping), in bytes. */
  readonly maxConfigBytes: number;
}

const mebi = 2 ** 20;

export const dataLimits: DataLimits = {
  maxRowBytes: 32 * mebi,
  maxDepth: 100,
  maxValuesPerRow: mebi,
  maxDecompressedBytes: 64 * 1024 * mebi,
  maxCompressionRatio: 200,
  ratioCheckedAfter: 256 * mebi,
  maxHeaderBytes: 64 * mebi,
  maxGroupBytes: 1024 * mebi,
  maxIndexedRows: 64 * mebi,
  batchRows: 1024,
  chunkBytes: mebi,
  maxConfigBytes: 8 * mebi,
};
