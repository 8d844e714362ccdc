/**
 * Reads the header of a GGUF file (versions 2 and 3, little-endian): metadata and where each tensor lies. Nothing of the
 * header is believed: counts, lengths, dimensions and offsets are checked against the file's size before use.
 */
import { realpathSync } from 'node:fs';
import { withFile } from '../../../data/fileAccess';
import { inputError } from '../../../protocol/errors';
import { GgufCursor } from './ggufCursor';
import { type GgufType, ggufTypeNames, ggufTypes, isReadableGgufType } from './ggufTypes';

/** A metadata value; 64-bit integers beyond exact numbers stay bigint. */
export type GgufValue = string | number | bigint | boolean | readonly GgufValue[];

export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Rows first, as in PyTorch (GGUF stores them in reverse). */
  readonly shape: readonly number[];
  /** Absolute byte in the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  /** Real path. */
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const maximumKeys = 65_536;
const maximumTensors = 1_000_000;
const maximumArrayElements = 16_777_216;
const maximumStringBytes = 64 * 1024 * 1024;
const maximumNameBytes = 4096;
const maximumArrayDepth = 4;
const maximumDimensions = 4;
const magic = 0x46554747; // "GGUF"

/** Element types of metadata: id -> reader and the least bytes one value takes. */
const scalarReaders: ReadonlyMap<number, { bytes: number; read: (cursor: GgufCursor) => GgufValue }> = new Map([
  [0, { bytes: 1, read: (cursor: GgufCursor) => cursor.uint8() }],
  [1, { bytes: 1, read: (cursor: GgufCursor) => cursor.int8() }],
  [2, { bytes: 2, read: (cursor: GgufCursor) => cursor.uint16() }],
  [3, { bytes: 2, read: (cursor: GgufCursor) => cursor.int16() }],
  [4, { bytes: 4, read: (cursor: GgufCursor) => cursor.uint32() }],
  [5, { bytes: 4, read: (cursor: GgufCursor) => cursor.int32() }],
  [6, { bytes: 4, read: (cursor: GgufCursor) => cursor.float32() }],
  [7, { bytes: 1, read: (cursor: GgufCursor): GgufValue => cursor.uint8() !== 0 }],
  [10, { bytes: 8, read: (cursor: GgufCursor) => cursor.uint64() }],
  [11, { bytes: 8, read: (cursor: GgufCursor) => cursor.int64() }],
  [12, { bytes: 8, read: (cursor: GgufCursor) => cursor.float64() }],
]);
const stringType = 8;
const arrayType = 9;

/** Throws a UserError for anything that is not a sound GGUF file with readable tensor types. */
export async function readGgufHeader(file: string): Promise<GgufHeader> {
  return withFile(file, (open) => {
    const cursor = new GgufCursor(open);
    const { tensorCount, keyCount } = readPreamble(file, cursor);
    const metadata = readMetadata(cursor, keyCount);
    const infos = readTensorInfos(file, cursor, tensorCount);
    return { file: realpathSync(file), metadata, tensors: placeTensors(cursor, infos, alignmentOf(cursor, metadata)) };
  });
}

function readPreamble(file: string, cursor: GgufCursor): { tensorCount: number; keyCount: number } {
  if (cursor.size < 24 || cursor.uint32() !== magic) {
    throw inputError(
      'gguf-not-gguf',
      `${file} is not a GGUF file: it does not begin with "GGUF".`,
      'Name a .gguf file; a few hundred bytes of text in its place are a Git LFS pointer, fetch the real file then.',
    );
  }
  const version = cursor.uint32();
  if (version !== 2 && version !== 3) {
    const reason = version > 0xffff ? 'is big-endian' : `has version ${version}`;
    throw inputError(
      'gguf-version',
      `${file} ${reason}; versions 2 and 3, little-endian, can be read.`,
      'Convert the model again with a current llama.cpp.',
    );
  }
  const tensorCount = cursor.size64('the number of tensors');
  const keyCount = cursor.size64('the number of metadata keys');
  // A tensor takes at least 24 bytes of header, a key 13.
  if (tensorCount > maximumTensors || tensorCount * 24 > cursor.remaining) {
    throw cursor.refusal(`it claims ${tensorCount} tensors`);
  }
  if (keyCount > maximumKeys || keyCount * 13 > cursor.remaining) {
    throw cursor.refusal(`it claims ${keyCount} metadata keys`);
  }
  return { tensorCount, keyCount };
}

function readMetadata(cursor: GgufCursor, keyCount: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < keyCount; index += 1) {
    const key = cursor.string(65_535, 'a metadata key');
    if (metadata.has(key)) throw cursor.refusal(`metadata key "${key}" appears twice`);
    metadata.set(key, readValue(cursor, cursor.uint32(), key, 0));
  }
  return metadata;
}

function readValue(cursor: GgufCursor, type: number, key: string, depth: number): GgufValue {
  if (type === stringType) return cursor.string(maximumStringBytes, `"${key}"`);
  if (type === arrayType) return readArray(cursor, key, depth);
  const reader = scalarReaders.get(type);
  if (reader === undefined) throw cursor.refusal(`"${key}" has the unknown value type ${type}`);
  return reader.read(cursor);
}

function readArray(cursor: GgufCursor, key: string, depth: number): readonly GgufValue[] {
  if (depth >= maximumArrayDepth) throw cursor.refusal(`"${key}" nests arrays more than ${maximumArrayDepth} deep`);
  const type = cursor.uint32();
  const count = cursor.size64(`the length of "${key}"`);
  const leastBytes = type === stringType ? 8 : type === arrayType ? 12 : scalarReaders.get(type)?.bytes;
  if (leastBytes === undefined) throw cursor.refusal(`"${key}" holds the unknown value type ${type}`);
  if (count > maximumArrayElements || count * leastBytes > cursor.remaining) {
    throw cursor.refusal(`"${key}" is said to have ${count} elements`);
  }
  const values: GgufValue[] = [];
  for (let index = 0; index < count; index += 1) values.push(readValue(cursor, type, key, depth + 1));
  return values;
}

interface TensorInfo {
  readonly name: string;
  readonly type: GgufType;
  readonly shape: readonly number[];
  readonly relativeOffset: number;
  readonly byteLength: number;
}

function readTensorInfos(file: string, cursor: GgufCursor, count: number): TensorInfo[] {
  const infos: TensorInfo[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = cursor.string(maximumNameBytes, 'a tensor name');
    const dimensionCount = cursor.uint32();
    if (dimensionCount > maximumDimensions) throw cursor.refusal(`tensor "${name}" has ${dimensionCount} dimensions`);
    const reversed: number[] = [];
    for (let axis = 0; axis < dimensionCount; axis += 1) reversed.push(cursor.size64(`a dimension of "${name}"`));
    const typeId = cursor.uint32();
    const relativeOffset = cursor.size64(`the offset of "${name}"`);
    const type = ggufTypeNames.get(typeId) ?? `number ${typeId}`;
    if (!isReadableGgufType(type)) {
      throw inputError(
        'gguf-type-unsupported',
        `${file}: tensor "${name}" has type ${type}, which cannot be read.`,
        `Use a file quantised to one of ${Object.keys(ggufTypes).join(', ')}.`,
      );
    }
    infos.push({
      name,
      type,
      shape: reversed.reverse(),
      relativeOffset,
      byteLength: byteLengthOf(cursor, name, type, reversed),
    });
  }
  return infos;
}

/** Bytes of a tensor; `shape` is rows first, its last axis is what blocks divide. */
function byteLengthOf(cursor: GgufCursor, name: string, type: GgufType, shape: readonly number[]): number {
  const { blockElements, blockBytes } = ggufTypes[type];
  const elements = shape.reduce((product, length) => product * length, 1);
  const rowLength = shape.at(-1) ?? 1;
  if (!Number.isSafeInteger(elements) || elements > cursor.size * 2 * blockElements) {
    throw cursor.refusal(`tensor "${name}" of shape [${shape.join(', ')}] cannot lie in ${cursor.size} bytes`);
  }
  if (rowLength % blockElements !== 0) {
    throw cursor.refusal(`rows of "${name}" (${rowLength}) are not whole blocks of ${blockElements} (${type})`);
  }
  return (elements / blockElements) * blockBytes;
}

function alignmentOf(cursor: GgufCursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 1 << 20 || (alignment & (alignment - 1)) !== 0) {
    throw cursor.refusal(`general.alignment is ${String(alignment)}, not a power of two`);
  }
  return alignment;
}

function placeTensors(cursor: GgufCursor, infos: readonly TensorInfo[], alignment: number): Map<string, GgufTensor> {
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const { name, type, shape, relativeOffset, byteLength } of infos) {
    if (tensors.has(name)) throw cursor.refusal(`tensor "${name}" appears twice`);
    const offset = dataStart + relativeOffset;
    if (relativeOffset % alignment !== 0)
      throw cursor.refusal(`tensor "${name}" does not begin at a multiple of ${alignment}`);
    if (!Number.isSafeInteger(offset + byteLength) || offset + byteLength > cursor.size) {
      throw cursor.refusal(
        `tensor "${name}" ends at byte ${offset + byteLength}, the file at ${cursor.size}: it is cut short`,
      );
    }
    tensors.set(name, { name, type, shape, offset, byteLength });
  }
  refuseOverlaps(cursor, tensors);
  return tensors;
}

function refuseOverlaps(cursor: GgufCursor, tensors: ReadonlyMap<string, GgufTensor>): void {
  const ordered = [...tensors.values()].filter(({ byteLength }) => byteLength > 0).sort((a, b) => a.offset - b.offset);
  ordered.forEach((tensor, index) => {
    const next = ordered[index + 1];
    if (next !== undefined && tensor.offset + tensor.byteLength > next.offset) {
      throw cursor.refusal(`tensors "${tensor.name}" and "${next.name}" overlap`);
    }
  });
}
