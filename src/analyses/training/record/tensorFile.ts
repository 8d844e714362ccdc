import { createHash } from 'node:crypto';
import { readExactly, withFile } from '../../../data/fileAccess';
import { readSafetensorsHeader } from '../../../data/safetensors/safetensorsHeader';
import { type TensorToWrite, writeSafetensors } from '../../../data/safetensors/writeSafetensors';
import type { TensorLocation } from '../../../model/checkpoint/types';
import { inputError } from '../../../protocol/errors';

/** The element types a record holds, and the arrays they are read into. */
const arrays = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  U8: Uint8Array,
} as const;

type RecordDtype = keyof typeof arrays;

export type RecordArray = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface RecordTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: RecordArray;
}

/** A file of a record as its manifest names it. */
export interface FileIdentity {
  /** File name without folder. */
  readonly file: string;
  /** SHA-256 (hex) over names and bytes of all tensors, by name. */
  readonly sha256: string;
}

function dtypeOf(data: RecordArray): RecordDtype {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

function bytesOf({ buffer, byteOffset, byteLength }: RecordArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function contentHash(tensors: readonly RecordTensor[]): string {
  const hash = createHash('sha256');
  for (const { name, data } of tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    hash.update(`${name}\n${data.byteLength}\n`).update(bytesOf(data));
  return hash.digest('hex');
}

/** Writes the tensors so that the file appears whole or not at all, and says how to recognise it. */
export async function writeTensorFile(
  folder: string,
  file: string,
  tensors: readonly RecordTensor[],
): Promise<FileIdentity> {
  const toWrite = tensors.map(
    ({ name, shape, data }): TensorToWrite => ({ name, shape, dtype: dtypeOf(data), read: () => data }),
  );
  await writeSafetensors(`${folder}/${file}`, toWrite, { format: 'pt' });
  return { file, sha256: contentHash(tensors) };
}

function readArray(location: TensorLocation): RecordArray {
  const { file, name, dtype, offset, byteLength } = location;
  if (!(dtype in arrays))
    throw inputError('record-damaged', `${file}: tensor "${name}" has the type ${dtype}.`, 'Record the run again.');
  const values = new arrays[dtype as RecordDtype](byteLength / arrays[dtype as RecordDtype].BYTES_PER_ELEMENT);
  withFile(file, (open) => readExactly(open, bytesOf(values), offset));
  return values;
}

/** @throws UserError `record-damaged` where the content is not what the manifest says */
export async function readTensorFile(
  folder: string,
  { file, sha256 }: FileIdentity,
): Promise<Map<string, RecordTensor>> {
  const { tensors } = await readSafetensorsHeader(`${folder}/${file}`);
  const found = new Map<string, RecordTensor>();
  for (const [name, location] of tensors) found.set(name, { name, shape: location.shape, data: readArray(location) });
  if (contentHash([...found.values()]) !== sha256)
    throw inputError(
      'record-damaged',
      `${folder}/${file} does not hold what its manifest says.`,
      'Restore the folder from a copy, or train again.',
    );
  return found;
}
