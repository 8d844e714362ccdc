/** Reads a tensor's values as float32, whatever floating-point type they are stored in; at most one chunk is held besides the result. */

import { type OpenFile, readExactly, withFile } from '../../data/fileAccess';
import { bfloat16ToFloat32, halfToFloat32 } from '../../data/floatFormats';
import { dtypeBytes } from '../../data/safetensors/safetensorsHeader';
import { inputError } from '../../protocol/errors';
import type { TensorLocation } from './types';

const chunkElements = 1 << 20;

/** Row-major values. Throws a UserError for integer, boolean and 8-bit types, which are no weights. */
export async function readTensorFloat32(location: TensorLocation): Promise<Float32Array> {
  return withFile(location.file, (open) => {
    const bytesPerElement = dtypeBytes[location.dtype];
    const values = allocateFloat32(location.file, location.name, location.byteLength / bytesPerElement);
    if (location.dtype === 'F32') {
      readExactly(open, new Uint8Array(values.buffer), location.offset);
      return values;
    }
    for (let start = 0; start < values.length; start += chunkElements) {
      const target = values.subarray(start, Math.min(start + chunkElements, values.length));
      readChunk(open, location, location.offset + start * bytesPerElement, target);
    }
    return values;
  });
}

function readChunk(open: OpenFile, location: TensorLocation, position: number, target: Float32Array): void {
  switch (location.dtype) {
    case 'F16':
      halfToFloat32(read(new Uint16Array(target.length)), target);
      return;
    case 'BF16':
      bfloat16ToFloat32(read(new Uint16Array(target.length)), target);
      return;
    case 'F64':
      target.set(read(new Float64Array(target.length)));
      return;
    default:
      throw inputError(
        'tensor-type-unsupported',
        `${location.file}: tensor "${location.name}" is stored as ${location.dtype}; weights may be F64, F32, F16 or BF16.`,
        'Save the model again in one of these types.',
      );
  }

  function read<T extends Uint16Array | Float64Array>(buffer: T): T {
    readExactly(open, new Uint8Array(buffer.buffer), position);
    return buffer;
  }
}

/** Room for a tensor. Throws a UserError where no single array can be that long. */
export function allocateFloat32(file: string, name: string, elements: number): Float32Array {
  try {
    return new Float32Array(elements);
  } catch (error) {
    throw inputError(
      'tensor-too-large',
      `${file}: tensor "${name}" has ${elements} elements, more than fit into memory.`,
      'Use a smaller model.',
      { cause: error },
    );
  }
}

export interface NonFiniteCount {
  readonly nan: number;
  readonly infinite: number;
}

/** How many values are NaN or infinite. */
export function checkFinite(values: Float32Array): NonFiniteCount {
  let nan = 0;
  let infinite = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    // x - x is 0 for every finite x, NaN for the others.
    if (value - value !== 0) {
      if (Number.isNaN(value)) nan += 1;
      else infinite += 1;
    }
  }
  return { nan, infinite };
}

/** Throws a UserError where a tensor holds values that nothing can be computed with. */
export function requireFinite(file: string, name: string, values: Float32Array): void {
  const { nan, infinite } = checkFinite(values);
  if (nan + infinite === 0) return;
  throw inputError(
    'weights-not-finite',
    `${file}: tensor "${name}" holds ${nan} NaN and ${infinite} infinite values.`,
    'Use a checkpoint from before training diverged, or fetch the file again.',
  );
}
