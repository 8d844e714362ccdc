import { UserError } from '../protocol/errors';
import { checkFile, gunzipChunks, plainChunks } from './byteSource';
import { readArrow } from './containers/arrow';
import { fileAddress, type RowBatch } from './containers/batch';
import { readCsv } from './containers/csv';
import { detectContainer } from './containers/detect';
import { readJsonArray } from './containers/jsonArray';
import { readJsonLines } from './containers/jsonl';
import { readParquet } from './containers/parquet';
import { readPlainText } from './containers/plainText';
import type { DataLimits } from './limits';

export interface ReadOptions {
  /** Name of the file in addresses and messages: the path as the user gave it. */
  readonly file: string;
  readonly limits: DataLimits;
}

/**
 * Rows of a data file in order, in batches, in bounded memory. A row that cannot be read is a problem at its address;
 * the rows after it are read. Damage to the container itself (a cut-off gzip, a broken footer) is a problem of the file.
 * @throws UserError where there is nothing to read at all: `file-not-found`, `not-a-file`, `container-unknown`, …
 */
export async function* readRows(path: string, options: ReadOptions): AsyncGenerator<RowBatch> {
  const { file: label, limits } = options;
  const file = await checkFile(path);
  const { format, compression } = await detectContainer(file);
  if (format === 'parquet') return yield* readParquet(file, label, limits);
  if (format === 'arrow') return yield* readArrow(file, label, limits);
  let damage: UserError | undefined;
  const source = { file: label, limits, chunks: compression === 'gzip' ? untilDamage() : plainChunks(file, limits) };
  switch (format) {
    case 'jsonl':
      yield* readJsonLines(source);
      break;
    case 'json-array':
      yield* readJsonArray(source);
      break;
    case 'csv':
      yield* readCsv(source, ',');
      break;
    case 'tsv':
      yield* readCsv(source, '\t');
      break;
    case 'text':
      yield* readPlainText(source);
      break;
  }
  if (damage !== undefined) {
    const { code, message, next } = damage;
    yield { rows: [], problems: [{ address: fileAddress(label), severity: 'error', code, message, next }] };
  }

  /** Ends quietly at the damage, so that the container's reader gives out what it holds; the problem follows. */
  async function* untilDamage(): AsyncGenerator<Buffer> {
    try {
      yield* gunzipChunks(file, limits);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      damage = error;
    }
  }
}
