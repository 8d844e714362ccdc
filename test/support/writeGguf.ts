/** Builds small GGUF files for tests, sound or broken. */

export type GgufField =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'uint32' | 'uint64' | 'float32' | 'bool'; readonly value: number }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export interface GgufTensorToWrite {
  readonly name: string;
  /** Rows first. */
  readonly shape: readonly number[];
  /** ggml type id; 0 is F32. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

const typeIds = { uint32: 4, float32: 6, bool: 7, string: 8, uint64: 10 } as const;
const arrayId = 9;

/** A GGUF file, version 3, with the usual alignment of 32 bytes. */
export function encodeGguf(
  metadata: Readonly<Record<string, GgufField>>,
  tensors: readonly GgufTensorToWrite[],
): Uint8Array {
  const parts: Buffer[] = [
    Buffer.from('GGUF'),
    uint32(3),
    uint64(tensors.length),
    uint64(Object.keys(metadata).length),
  ];
  for (const [key, field] of Object.entries(metadata)) parts.push(text(key), ...encodeField(field));
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    parts.push(text(name), uint32(shape.length), ...shape.toReversed().map(uint64), uint32(type), uint64(offset));
    offset += padded(bytes.length);
  }
  const header = Buffer.concat(parts);
  const file = Buffer.alloc(padded(header.length) + offset);
  header.copy(file);
  let position = padded(header.length);
  for (const { bytes } of tensors) {
    file.set(bytes, position);
    position += padded(bytes.length);
  }
  return file;
}

export function float32Bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function padded(length: number): number {
  return Math.ceil(length / 32) * 32;
}

function encodeField(field: GgufField): Buffer[] {
  switch (field.type) {
    case 'strings':
      return [uint32(arrayId), uint32(typeIds.string), uint64(field.value.length), ...field.value.map(text)];
    case 'string':
      return [uint32(typeIds.string), text(field.value)];
    case 'uint32':
      return [uint32(typeIds.uint32), uint32(field.value)];
    case 'uint64':
      return [uint32(typeIds.uint64), uint64(field.value)];
    case 'bool':
      return [uint32(typeIds.bool), Buffer.from([field.value])];
    case 'float32': {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(field.value);
      return [uint32(typeIds.float32), bytes];
    }
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
