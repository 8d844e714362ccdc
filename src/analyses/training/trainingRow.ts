import type { EncodedRow } from '../../text/types';
import { countTrained } from './passFeeds';

/** A row of the data as it is trained, with where it came from. */
export interface TrainingRow {
  /** 0-based number over all data files, malformed rows counted: what batches name. */
  readonly number: number;
  /** Path as the user gave it. */
  readonly file: string;
  /** 0-based within its file. */
  readonly row: number;
  /** 1-based; undefined for binary containers. */
  readonly line: number | undefined;
  /** SHA-256 (hex) of the row's canonical content. */
  readonly hash: string;
  readonly encoded: Pick<EncodedRow, 'ids' | 'labels' | 'weight' | 'encodingHash'>;
}

/** `data/train.jsonl:18`, or the row's number where the file has no lines. */
export function describeRow({ file, row, line }: TrainingRow): string {
  return line === undefined ? `${file} row ${row}` : `${file}:${line}`;
}

export function isTrainable({ encoded }: TrainingRow): boolean {
  return countTrained(encoded) > 0;
}
