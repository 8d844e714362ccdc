/**
 * De-quantises GGUF blocks. Each value is a float16 scale times a small integer, plus at most one sum: exact in double
 * precision, so that rounding once to float32 gives the same bits as ggml and gguf-py do. Block layouts: ggml-common.h.
 */
import { bfloat16ToFloat32, halfToFloat32, halfToFloatTable } from '../../../data/floatFormats';
import {
  dequantizeIq4Nl,
  dequantizeIq4Xs,
  dequantizeQ2K,
  dequantizeQ3K,
  dequantizeQ4K,
  dequantizeQ5K,
  dequantizeQ6K,
} from './dequantizeSuperBlocks';
import { type GgufType, ggufTypes } from './ggufTypes';

/** Writes the elements of one block, from `bytes[at...]` to `out[to...]`. `half` maps binary16 bits to their value. */
export type BlockReader = (bytes: Uint8Array, at: number, out: Float32Array, to: number, half: Float32Array) => void;

const blockReaders: Readonly<Record<Exclude<GgufType, 'F32' | 'F16' | 'BF16' | 'F64'>, BlockReader>> = {
  // y = d (q - 8)
  Q4_0: (bytes, at, out, to, half) => {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 16; j += 1) {
      const byte = bytes[at + 2 + j]!;
      out[to + j] = d * ((byte & 15) - 8);
      out[to + 16 + j] = d * ((byte >> 4) - 8);
    }
  },
  // y = d q + m
  Q4_1: (bytes, at, out, to, half) => {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let j = 0; j < 16; j += 1) {
      const byte = bytes[at + 4 + j]!;
      out[to + j] = d * (byte & 15) + m;
      out[to + 16 + j] = d * (byte >> 4) + m;
    }
  },
  // y = d (q - 16), the fifth bits in a word of their own
  Q5_0: (bytes, at, out, to, half) => {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const high = bytes[at + 2]! | (bytes[at + 3]! << 8) | (bytes[at + 4]! << 16) | (bytes[at + 5]! << 24);
    for (let j = 0; j < 16; j += 1) {
      const byte = bytes[at + 6 + j]!;
      out[to + j] = d * (((byte & 15) | (((high >>> j) & 1) << 4)) - 16);
      out[to + 16 + j] = d * (((byte >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16);
    }
  },
  // y = d q + m
  Q5_1: (bytes, at, out, to, half) => {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    for (let j = 0; j < 16; j += 1) {
      const byte = bytes[at + 8 + j]!;
      out[to + j] = d * ((byte & 15) | (((high >>> j) & 1) << 4)) + m;
      out[to + 16 + j] = d * ((byte >> 4) | (((high >>> (j + 16)) & 1) << 4)) + m;
    }
  },
  // y = d q
  Q8_0: (bytes, at, out, to, half) => {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 32; j += 1) out[to + j] = d * ((bytes[at + 2 + j]! << 24) >> 24);
  },
  Q2_K: dequantizeQ2K,
  Q3_K: dequantizeQ3K,
  Q4_K: dequantizeQ4K,
  Q5_K: dequantizeQ5K,
  Q6_K: dequantizeQ6K,
  IQ4_NL: dequantizeIq4Nl,
  IQ4_XS: dequantizeIq4Xs,
};

/**
 * `bytes` are whole blocks beginning at its start; `out` takes exactly their elements. `bytes` must be at the start of
 * its buffer (plain types are read through typed views).
 */
export function dequantize(type: GgufType, bytes: Uint8Array, out: Float32Array): void {
  switch (type) {
    case 'F32':
      out.set(new Float32Array(bytes.buffer, 0, out.length));
      return;
    case 'F64':
      out.set(new Float64Array(bytes.buffer, 0, out.length));
      return;
    case 'F16':
      halfToFloat32(new Uint16Array(bytes.buffer, 0, out.length), out);
      return;
    case 'BF16':
      bfloat16ToFloat32(new Uint16Array(bytes.buffer, 0, out.length), out);
      return;
    default: {
      const { blockBytes, blockElements } = ggufTypes[type];
      const read = blockReaders[type];
      const half = halfToFloatTable();
      for (let at = 0, to = 0; to < out.length; at += blockBytes, to += blockElements) read(bytes, at, out, to, half);
    }
  }
}
