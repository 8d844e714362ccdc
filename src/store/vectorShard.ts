/**
 * A shard of a vector index: one safetensors file with whole rows, written once.
 *
 * n rows, vectors of `width` elements, s scalars:
 *   keys        U8 [n, 32], encodingHash of each row
 *   vectors     F16 or F32 [n, width]; F16 values are to be multiplied by the row's scale
 *   row_scales  F32 [n], only beside F16
 *   scalars     F32 [n, s], only where s > 0
 * `__metadata__`: format, index (hash of the description), rows_sha256 (of all but the vectors; checked whenever a shard is
 * opened), vectors_sha256 (checked by `verify`, because it takes reading everything).
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { readExactly, withFile } from '../data/fileAccess';
import { readSafetensorsHeader, type SafetensorsHeader } from '../data/safetensors/safetensorsHeader';
import type { TensorLocation } from '../data/safetensors/types';
import { type TensorToWrite, writeSafetensors } from '../data/safetensors/writeSafetensors';
import { inputError, UserError } from '../protocol/errors';
import type { VectorElement } from './vectorDescription';

const shardFormat = 'whence-vectors/1';
export const keyBytes = 32;
/** More rows than this in one file are not believed. */
export const maximumShardRows = 2 ** 24;
const readChunkBytes = 16 << 20;

/** The form of every shard of an index. */
export interface ShardForm {
  /** Hash of the description. */
  readonly index: string;
  readonly element: VectorElement;
  readonly width: number;
  readonly scalarCount: number;
}

/** Rows in memory. */
export interface ShardRows {
  /** [n, 32] */
  readonly keys: Uint8Array;
  /** [n, width] */
  readonly vectors: Uint16Array | Float32Array;
  /** [n]; all 1 for float32. */
  readonly rowScales: Float32Array;
  /** [n, s] */
  readonly scalars: Float32Array;
}

/** A shard on disk: everything but its vectors, and where those lie. */
export interface Shard extends Omit<ShardRows, 'vectors'> {
  /** File name without folder. */
  readonly name: string;
  readonly file: string;
  readonly rows: number;
  readonly vectors: TensorLocation;
  readonly vectorsSha256: string;
  /** Bytes of the file. */
  readonly bytes: number;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function rowsDigest({ keys, rowScales, scalars }: Omit<ShardRows, 'vectors'>): string {
  const hash = createHash('sha256');
  for (const part of [keys, rowScales, scalars]) hash.update(`${part.byteLength}\n`).update(bytesOf(part));
  return hash.digest('hex');
}

/** Writes a shard; it appears whole or not at all. */
export async function writeShard(file: string, form: ShardForm, rows: ShardRows): Promise<Shard> {
  const count = rows.keys.length / keyBytes;
  const vectorsSha256 = createHash('sha256').update(bytesOf(rows.vectors)).digest('hex');
  const tensors: TensorToWrite[] = [
    { name: 'keys', dtype: 'U8', shape: [count, keyBytes], read: () => rows.keys },
    {
      name: 'vectors',
      dtype: form.element === 'float16' ? 'F16' : 'F32',
      shape: [count, form.width],
      read: () => rows.vectors,
    },
  ];
  if (form.element === 'float16')
    tensors.push({ name: 'row_scales', dtype: 'F32', shape: [count], read: () => rows.rowScales });
  if (form.scalarCount > 0)
    tensors.push({ name: 'scalars', dtype: 'F32', shape: [count, form.scalarCount], read: () => rows.scalars });
  await writeSafetensors(file, tensors, {
    format: shardFormat,
    index: form.index,
    rows_sha256: rowsDigest(rows),
    vectors_sha256: vectorsSha256,
  });
  const written = await openShard(file, form);
  if (written instanceof UserError) throw written;
  return written;
}

/**
 * Opens a shard and checks everything but its vectors. One that cannot be used is a UserError as value: `shard-damaged`
 * where nothing but computing its rows anew helps, another code where it could not be looked at.
 */
export async function openShard(file: string, form: ShardForm): Promise<Shard | UserError> {
  try {
    const header = await readSafetensorsHeader(file);
    return readRowsOf(file, form, header);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (['file-missing', 'file-unreadable', 'shard-damaged'].includes(error.code)) return error;
    return damagedShard(file, error.message.replace(`${file} `, 'it '));
  }
}

export function damagedShard(file: string, problem: string): UserError {
  return inputError(
    'shard-damaged',
    `${file} is left out: ${problem}`,
    'Run the same command again: its rows count as missing and are computed anew. "whence store --clean unused" removes the file.',
  );
}

function readRowsOf(file: string, form: ShardForm, { metadata, tensors }: SafetensorsHeader): Shard {
  const damaged = (problem: string): Error => damagedShard(file, `${problem}.`);
  if (metadata.get('format') !== shardFormat) throw damaged(`it is no shard of the format ${shardFormat}`);
  if (metadata.get('index') !== form.index) throw damaged('it belongs to another index');
  const keysAt = tensors.get('keys');
  const rows = keysAt?.shape[0] ?? 0;
  if (rows < 1 || rows > maximumShardRows) throw damaged('it has no rows, or more than can be');
  const expected: [string, string, number[]][] = [
    ['keys', 'U8', [rows, keyBytes]],
    ['vectors', form.element === 'float16' ? 'F16' : 'F32', [rows, form.width]],
  ];
  if (form.element === 'float16') expected.push(['row_scales', 'F32', [rows]]);
  if (form.scalarCount > 0) expected.push(['scalars', 'F32', [rows, form.scalarCount]]);
  if (tensors.size !== expected.length) throw damaged('it has other tensors than a shard has');
  for (const [name, dtype, shape] of expected) {
    const found = tensors.get(name);
    if (found?.dtype !== dtype || found.shape.join() !== shape.join())
      throw damaged(`its tensor "${name}" is missing or of another form`);
  }
  const keys = new Uint8Array(rows * keyBytes);
  const rowScales = new Float32Array(rows).fill(1);
  const scalars = new Float32Array(rows * form.scalarCount);
  const { vectors, bytes } = withFile(file, (open) => {
    readExactly(open, keys, keysAt!.offset);
    if (form.element === 'float16') readExactly(open, bytesOf(rowScales), tensors.get('row_scales')!.offset);
    if (form.scalarCount > 0) readExactly(open, bytesOf(scalars), tensors.get('scalars')!.offset);
    return { vectors: tensors.get('vectors')!, bytes: open.size };
  });
  if (rowsDigest({ keys, rowScales, scalars }) !== metadata.get('rows_sha256'))
    throw damaged('its row keys, scales or scalars are not those that were written');
  const vectorsSha256 = metadata.get('vectors_sha256') ?? '';
  return { name: path.basename(file), file, rows, keys, rowScales, scalars, vectors, vectorsSha256, bytes };
}

/** Reads all vectors and compares them with what was written. undefined: sound. */
export async function verifyShard(shard: Shard): Promise<UserError | undefined> {
  const hash = createHash('sha256');
  const { offset, byteLength } = shard.vectors;
  const buffer = new Uint8Array(Math.min(readChunkBytes, byteLength));
  try {
    for (let done = 0; done < byteLength; done += buffer.length) {
      // Lets progress and a cancellation in between.
      await new Promise((resolve) => setImmediate(resolve));
      const part = buffer.subarray(0, Math.min(buffer.length, byteLength - done));
      withFile(shard.file, (open) => readExactly(open, part, offset + done));
      hash.update(part);
    }
  } catch (error) {
    if (error instanceof UserError) return damagedShard(shard.file, error.message);
    throw error;
  }
  if (hash.digest('hex') === shard.vectorsSha256) return undefined;
  return damagedShard(shard.file, 'its vectors are not those that were written.');
}
