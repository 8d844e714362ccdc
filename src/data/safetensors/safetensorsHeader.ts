/**
 * Reads the header of a safetensors file: `u64 length, JSON, data`. The rules are those of the format
 * (https://github.com/huggingface/safetensors): offsets in range, in one piece without holes or overlaps, byte counts
 * that agree with type and shape, no name twice.
 */
import { realpathSync } from 'node:fs';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonValue } from '../../protocol/json';
import { decodeUtf8, gitLfsError, gitLfsPrefix, type JsonLimits, parseBoundedJson } from '../boundedJson';
import { type OpenFile, readExactly, withFile } from '../fileAccess';
import type { SafetensorsDtype, TensorLocation } from './types';

export interface SafetensorsHeader {
  /** Real path. */
  readonly file: string;
  /** `__metadata__`, empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the file's data. */
  readonly tensors: ReadonlyMap<string, TensorLocation>;
}

export const dtypeBytes: Readonly<Record<SafetensorsDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/** The format's own limit is 100 MB; a tensor entry takes some ten values. */
const headerLimits: JsonLimits = { maximumBytes: 100_000_000, maximumDepth: 4, maximumValues: 10_000_000 };
const maximumDimensions = 64;

/** Throws a UserError for anything that breaks the format. */
export async function readSafetensorsHeader(file: string): Promise<SafetensorsHeader> {
  return withFile(file, (open) => {
    const { text, dataStart } = readHeaderText(open);
    const parsed = parseBoundedJson(text, headerLimits);
    if ('problem' in parsed) throw damaged(file, `its header is unusable: ${parsed.problem}`);
    if (!isJsonObject(parsed.value)) throw damaged(file, 'its header is not a JSON object');
    const real = realpathSync(file);
    const entries = Object.entries(parsed.value);
    const locations = entries
      .filter(([name]) => name !== '__metadata__')
      .map(([name, entry]) => readEntry(file, real, name, entry, dataStart));
    return {
      file: real,
      metadata: readMetadata(file, entries.find(([name]) => name === '__metadata__')?.[1]),
      tensors: arrange(open, locations, dataStart),
    };
  });
}

function damaged(file: string, problem: string): Error {
  return inputError(
    'safetensors-damaged',
    `${file} is not a sound safetensors file: ${problem}.`,
    'Fetch or save the file again.',
  );
}

function readHeaderText(open: OpenFile): { text: string; dataStart: number } {
  const { file, size } = open;
  const start = new Uint8Array(Math.min(size, 64));
  readExactly(open, start, 0);
  if (new TextDecoder().decode(start).startsWith(gitLfsPrefix)) throw gitLfsError(file);
  if (size < 8) throw truncated(file, `it has ${size} bytes, its header's length alone takes 8`);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(headerLimits.maximumBytes)) {
    throw damaged(
      file,
      `its header is said to be ${length} bytes long, more than the ${headerLimits.maximumBytes} allowed`,
    );
  }
  const headerLength = Number(length);
  if (8 + headerLength > size) {
    throw truncated(file, `its header is said to be ${headerLength} bytes long, the whole file has ${size}`);
  }
  const bytes = new Uint8Array(headerLength);
  readExactly(open, bytes, 8);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw damaged(file, 'its header is not UTF-8 text');
  if (!text.startsWith('{')) throw damaged(file, 'its header does not begin with "{"');
  return { text, dataStart: 8 + headerLength };
}

function truncated(file: string, problem: string): Error {
  return inputError(
    'safetensors-truncated',
    `${file} is cut short or no safetensors file: ${problem}.`,
    'Fetch the file again, to its end.',
  );
}

function readMetadata(file: string, value: JsonValue | undefined): Map<string, string> {
  if (value === undefined) return new Map();
  if (!isJsonObject(value)) throw damaged(file, '__metadata__ is not an object');
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string') throw damaged(file, `__metadata__ entry "${key}" is not a string`);
      return [key, text];
    }),
  );
}

/** One tensor's entry; `offset` is absolute. */
function readEntry(
  file: string,
  real: string,
  name: string,
  entry: JsonValue | undefined,
  dataStart: number,
): TensorLocation {
  if (!isJsonObject(entry)) throw damaged(file, `the entry of tensor "${name}" is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !isDtype(dtype)) {
    throw damaged(file, `tensor "${name}" has the unknown element type ${JSON.stringify(dtype) ?? 'nothing'}`);
  }
  if (!isSizeList(shape) || shape.length > maximumDimensions)
    throw damaged(file, `tensor "${name}" has no sound shape`);
  if (!isSizeList(offsets) || offsets.length !== 2) throw damaged(file, `tensor "${name}" has no sound data_offsets`);
  const [begin, end] = offsets as [number, number];
  if (end < begin) throw damaged(file, `tensor "${name}" ends (${end}) before it begins (${begin})`);
  const byteLength = shape.reduce((product, length) => product * length, dtypeBytes[dtype]);
  if (byteLength !== end - begin) {
    throw damaged(
      file,
      `tensor "${name}" has ${end - begin} bytes, its shape [${shape.join(', ')}] in ${dtype} takes ${byteLength}`,
    );
  }
  return { name, dtype, shape, file: real, offset: dataStart + begin, byteLength };
}

function isDtype(name: string): name is SafetensorsDtype {
  return Object.hasOwn(dtypeBytes, name);
}

function isSizeList(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** Sorts by place in the file; refuses holes, overlaps and data that go beyond the file or stop before its end. */
function arrange(open: OpenFile, locations: readonly TensorLocation[], dataStart: number): Map<string, TensorLocation> {
  const ordered = locations.toSorted((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let position = dataStart;
  for (const { name, offset, byteLength } of ordered) {
    if (offset !== position) {
      throw damaged(
        open.file,
        `tensor "${name}" begins at data byte ${offset - dataStart}, not at ${position - dataStart}`,
      );
    }
    position += byteLength;
  }
  if (position > open.size) {
    throw truncated(open.file, `its tensors end at byte ${position}, the file at ${open.size}`);
  }
  if (position < open.size)
    throw damaged(open.file, `${open.size - position} bytes after the last tensor belong to none`);
  return new Map(ordered.map((location) => [location.name, location]));
}
