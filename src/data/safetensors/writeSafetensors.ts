/** Writes safetensors files, one tensor in memory at a time, byte for byte as the reference implementation orders them. */

import { internalError } from '../../protocol/errors';
import { writeAtomically, writeFully } from '../writeFile';
import { dtypeBytes } from './safetensorsHeader';
import type { SafetensorsDtype } from './types';

/** A tensor to write; `read` is called once, when its turn has come. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Row-major, little-endian values, in as many bytes as type and shape take. */
  readonly read: () => NodeJS.ArrayBufferView | Promise<NodeJS.ArrayBufferView>;
}

/** What PyTorch's tools expect in `__metadata__`. */
export const pyTorchMetadata: Readonly<Record<string, string>> = { format: 'pt' };

/** A float32 tensor that is in memory already. */
export function float32Tensor(name: string, shape: readonly number[], data: Float32Array): TensorToWrite {
  return { name, dtype: 'F32', shape, read: () => data };
}

/**
 * Wide types first, then by name, so that every tensor is aligned to its element size and equal input gives equal bytes.
 * The file appears whole or not at all.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const ordered = tensors.toSorted(
    (a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const header = encodeHeader(ordered, metadata);
  await writeAtomically(file, async (descriptor) => {
    writeFully(descriptor, header);
    for (const tensor of ordered) {
      const data = await tensor.read();
      if (data.byteLength !== byteLengthOf(tensor)) {
        throw internalError(
          `tensor "${tensor.name}" has ${data.byteLength} bytes, its shape takes ${byteLengthOf(tensor)}`,
        );
      }
      writeFully(descriptor, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

function byteLengthOf({ dtype, shape }: TensorToWrite): number {
  return shape.reduce((product, length) => product * length, dtypeBytes[dtype]);
}

/** Length and JSON, padded with spaces so that the data begin at a multiple of 8. */
function encodeHeader(ordered: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  // A Map, because a plain object would put names that look like numbers first.
  const entries = new Map<string, string>([['__metadata__', JSON.stringify(metadata)]]);
  let offset = 0;
  for (const tensor of ordered) {
    if (entries.has(tensor.name)) throw internalError(`tensor "${tensor.name}" is to be written twice`);
    const end = offset + byteLengthOf(tensor);
    const { dtype, shape } = tensor;
    entries.set(tensor.name, JSON.stringify({ dtype, shape, data_offsets: [offset, end] }));
    offset = end;
  }
  const json = `{${[...entries].map(([name, entry]) => `${JSON.stringify(name)}:${entry}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}
