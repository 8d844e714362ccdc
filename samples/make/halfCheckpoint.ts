import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pyTorchMetadata, writeSafetensors } from '../../src/data/safetensors/writeSafetensors';

export interface HalfTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bits: Uint16Array;
}

/** IEEE 754 binary16 bits of float32 values, rounded to nearest even; too large becomes infinite. */
export function toHalfBits(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    const sign = (word >>> 16) & 0x8000;
    const exponent = ((word >>> 23) & 0xff) - 112;
    const mantissa = word & 0x7fffff;
    if (exponent >= 31) return sign | 0x7c00;
    if (exponent <= -11) return sign;
    // Below 2^-14 the leading one is explicit and the mantissa shifts further.
    const full = exponent > 0 ? (exponent << 23) | mantissa : mantissa | 0x800000;
    const shift = exponent > 0 ? 13 : 14 - exponent;
    const half = full >>> shift;
    const rest = full & ((1 << shift) - 1);
    const middle = 1 << (shift - 1);
    return sign | (rest > middle || (rest === middle && (half & 1) === 1) ? half + 1 : half);
  });
}

/** A model folder with float16 weights, as base models are published. */
export async function writeHalfCheckpoint(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  tensors: readonly HalfTensor[],
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await writeSafetensors(
    path.join(folder, 'model.safetensors'),
    tensors.map(({ name, shape, bits }) => ({ name, dtype: 'F16', shape, read: () => bits })),
    pyTorchMetadata,
  );
  writeFileSync(path.join(folder, 'config.json'), `${JSON.stringify({ ...config, dtype: 'float16' }, null, 2)}\n`);
}
