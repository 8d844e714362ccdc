import { inputError } from '../../../protocol/errors';
import type { TrainingRow } from '../trainingRow';
import { type FileIdentity, type RecordTensor, readTensorFile, writeTensorFile } from './tensorFile';

/**
 * `rows.safetensors`: every row that may be trained, as it was trained.
 *
 * R rows, T tokens of all rows together, F files (named in run.json):
 *   ids, labels            I32 [T], row after row; label -100 is not trained
 *   starts                 I32 [R + 1], where each row's tokens begin
 *   weights                F64 [R], factor on the row's loss
 *   number                 I32 [R], number of the row over all files: what batches name
 *   file, row              I32 [R], index into the files of run.json, 0-based row of that file
 *   line                   I32 [R], 1-based; 0 where the file has no lines
 *   hash, encoding_hash    U8 [R, 32], SHA-256 of the content and of ids, labels and weight
 */
export const rowsFileName = 'rows.safetensors';

const hashBytes = 32;

function hashes(values: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(values.length * hashBytes);
  for (const [index, hex] of values.entries()) bytes.set(Buffer.from(hex, 'hex'), index * hashBytes);
  return bytes;
}

function starts(rows: readonly TrainingRow[]): Int32Array {
  const result = new Int32Array(rows.length + 1);
  for (const [index, { encoded }] of rows.entries()) result[index + 1] = result[index]! + encoded.ids.length;
  return result;
}

function concatenated(parts: readonly Int32Array[]): Int32Array {
  const result = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Files of the rows, in order of appearance. */
export function filesOf(rows: readonly TrainingRow[]): readonly string[] {
  return [...new Set(rows.map(({ file }) => file))];
}

export function rowTensors(rows: readonly TrainingRow[]): readonly RecordTensor[] {
  const files = new Map(filesOf(rows).map((file, index) => [file, index]));
  const count = rows.length;
  const vector = (name: string, data: RecordTensor['data']): RecordTensor => ({ name, shape: [data.length], data });
  const integers = (name: string, value: (row: TrainingRow) => number): RecordTensor =>
    vector(name, Int32Array.from(rows, value));
  return [
    vector('ids', concatenated(rows.map(({ encoded }) => encoded.ids))),
    vector('labels', concatenated(rows.map(({ encoded }) => encoded.labels))),
    vector('starts', starts(rows)),
    vector(
      'weights',
      Float64Array.from(rows, ({ encoded }) => encoded.weight),
    ),
    integers('number', ({ number }) => number),
    integers('file', ({ file }) => files.get(file)!),
    integers('row', ({ row }) => row),
    integers('line', ({ line }) => line ?? 0),
    { name: 'hash', shape: [count, hashBytes], data: hashes(rows.map(({ hash }) => hash)) },
    { name: 'encoding_hash', shape: [count, hashBytes], data: hashes(rows.map(({ encoded }) => encoded.encodingHash)) },
  ];
}

export function writeRows(folder: string, rows: readonly TrainingRow[]): Promise<FileIdentity> {
  return writeTensorFile(folder, rowsFileName, rowTensors(rows));
}

/**
 * @param files names of the files, as in run.json
 * @throws UserError `record-damaged`
 */
export async function readRows(
  folder: string,
  identity: FileIdentity,
  files: readonly string[],
): Promise<readonly TrainingRow[]> {
  const tensors = await readTensorFile(folder, identity);
  const damaged = (what: string): Error =>
    inputError(
      'record-damaged',
      `${folder}/${identity.file}: ${what}.`,
      'Restore the folder from a copy, or train again.',
    );
  const read = <A extends RecordTensor['data']>(name: string, type: new (length: number) => A, length: number): A => {
    const data = tensors.get(name)?.data;
    if (!(data instanceof type)) throw damaged(`"${name}" is missing or of another type`);
    if (data.length !== length) throw damaged(`"${name}" has ${data.length} elements, not ${length}`);
    return data;
  };
  const count = tensors.get('number')?.data.length ?? 0;
  const tokens = tensors.get('ids')?.data.length ?? 0;
  const number = read('number', Int32Array, count);
  const begin = read('starts', Int32Array, count + 1);
  const ids = read('ids', Int32Array, tokens);
  const labels = read('labels', Int32Array, tokens);
  const weights = read('weights', Float64Array, count);
  const file = read('file', Int32Array, count);
  const row = read('row', Int32Array, count);
  const line = read('line', Int32Array, count);
  const hash = read('hash', Uint8Array, count * hashBytes);
  const encodingHash = read('encoding_hash', Uint8Array, count * hashBytes);
  if (begin[0] !== 0 || begin[count] !== tokens || begin.some((start, i) => i > 0 && start < begin[i - 1]!))
    throw damaged('row starts are out of order');
  const hex = (bytes: Uint8Array, index: number): string =>
    Buffer.from(bytes.subarray(index * hashBytes, (index + 1) * hashBytes)).toString('hex');
  return Array.from({ length: count }, (_, index): TrainingRow => {
    const name = files[file[index]!];
    if (name === undefined) throw damaged(`row ${index} is of a file that run.json does not name`);
    return {
      number: number[index]!,
      file: name,
      row: row[index]!,
      line: line[index] === 0 ? undefined : line[index]!,
      hash: hex(hash, index),
      encoded: {
        ids: ids.slice(begin[index], begin[index + 1]),
        labels: labels.slice(begin[index], begin[index + 1]),
        weight: weights[index]!,
        encodingHash: hex(encodingHash, index),
      },
    };
  });
}
