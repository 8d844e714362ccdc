/**
 * The block formats of 256 elements (K-quants, IQ4_XS) and the 4-bit non-linear IQ4_NL. In each: `d` scales the block,
 * `min` its offset; groups of 16 or 32 elements have small integer scales of their own. Layouts: ggml-common.h,
 * arithmetic: ggml-quants.c (`dequantize_row_*`).
 */
import type { BlockReader } from './dequantize';

function halfAt(bytes: Uint8Array, at: number, half: Float32Array): number {
  return half[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

// 16 groups of 16: y = d (scale & 15) q - min (scale >> 4). scales[16] q[64] d min
export const dequantizeQ2K: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at + 80, half);
  const min = halfAt(bytes, at + 82, half);
  for (let group = 0; group < 16; group += 1) {
    const scale = bytes[at + group]!;
    const step = d * (scale & 15);
    const offset = min * (scale >> 4);
    // 128 elements share 32 bytes, 32 elements a bit pair.
    const quants = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    for (let j = 0; j < 16; j += 1) out[to + group * 16 + j] = step * ((bytes[quants + j]! >> shift) & 3) - offset;
  }
};

// 16 groups of 16: y = d (scale - 32) (q - (high ? 0 : 4)). high[32] q[64] scales[12] d
export const dequantizeQ3K: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at + 108, half);
  const scales = at + 96;
  for (let group = 0; group < 16; group += 1) {
    const low = (bytes[scales + (group & 7)]! >> (group < 8 ? 0 : 4)) & 15;
    const high = (bytes[scales + 8 + (group & 3)]! >> ((group >> 2) * 2)) & 3;
    const step = d * ((low | (high << 4)) - 32);
    const quants = at + 32 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = ((group >> 1) & 3) * 2;
    const highBytes = at + (group & 1) * 16;
    const highBit = group >> 1;
    for (let j = 0; j < 16; j += 1) {
      const q = ((bytes[quants + j]! >> shift) & 3) - ((bytes[highBytes + j]! >> highBit) & 1 ? 0 : 4);
      out[to + group * 16 + j] = step * q;
    }
  }
};

/** Six-bit scale of group 0...7 in the 12 bytes of Q4_K and Q5_K. */
function scaleOf(bytes: Uint8Array, scales: number, group: number): number {
  if (group < 4) return bytes[scales + group]! & 63;
  return (bytes[scales + group + 4]! & 15) | ((bytes[scales + group - 4]! >> 6) << 4);
}

/** Six-bit minimum of group 0...7 in the same bytes. */
function minimumOf(bytes: Uint8Array, scales: number, group: number): number {
  if (group < 4) return bytes[scales + group + 4]! & 63;
  return (bytes[scales + group + 4]! >> 4) | ((bytes[scales + group]! >> 6) << 4);
}

// 8 groups of 32: y = d scale q - min minimum. d min scales[12] q[128]
export const dequantizeQ4K: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at, half);
  const min = halfAt(bytes, at + 2, half);
  for (let group = 0; group < 8; group += 1) {
    const step = d * scaleOf(bytes, at + 4, group);
    const offset = min * minimumOf(bytes, at + 4, group);
    const quants = at + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let j = 0; j < 32; j += 1) out[to + group * 32 + j] = step * ((bytes[quants + j]! >> shift) & 15) - offset;
  }
};

// As Q4_K with a fifth bit. d min scales[12] high[32] q[128]
export const dequantizeQ5K: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at, half);
  const min = halfAt(bytes, at + 2, half);
  for (let group = 0; group < 8; group += 1) {
    const step = d * scaleOf(bytes, at + 4, group);
    const offset = min * minimumOf(bytes, at + 4, group);
    const quants = at + 48 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let j = 0; j < 32; j += 1) {
      const q = ((bytes[quants + j]! >> shift) & 15) | (((bytes[at + 16 + j]! >> group) & 1) << 4);
      out[to + group * 32 + j] = step * q - offset;
    }
  }
};

// 16 groups of 16: y = d scale (q - 32). low[128] high[64] scales[16] d
export const dequantizeQ6K: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at + 208, half);
  for (let run = 0; run < 8; run += 1) {
    // 32 elements; four runs share 64 low and 32 high bytes.
    const low = at + (run >> 2) * 64 + (run & 1) * 32;
    const lowShift = ((run >> 1) & 1) * 4;
    const high = at + 128 + (run >> 2) * 32;
    const highShift = (run & 3) * 2;
    for (let j = 0; j < 32; j += 1) {
      const step = d * signed(bytes[at + 192 + run * 2 + (j >> 4)]!);
      const q = ((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> highShift) & 3) << 4);
      out[to + run * 32 + j] = step * (q - 32);
    }
  }
};

/** The 16 levels of the non-linear 4-bit formats (`kvalues_iq4nl`). */
const levels = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

// 32 elements: y = d level[q]. d q[16]
export const dequantizeIq4Nl: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at, half);
  for (let j = 0; j < 16; j += 1) {
    const byte = bytes[at + 2 + j]!;
    out[to + j] = d * levels[byte & 15]!;
    out[to + 16 + j] = d * levels[byte >> 4]!;
  }
};

// 8 groups of 32: y = d (scale - 32) level[q]. d high u16, low[4], q[128]
export const dequantizeIq4Xs: BlockReader = (bytes, at, out, to, half) => {
  const d = halfAt(bytes, at, half);
  const highScales = bytes[at + 2]! | (bytes[at + 3]! << 8);
  for (let group = 0; group < 8; group += 1) {
    const low = (bytes[at + 4 + (group >> 1)]! >> ((group & 1) * 4)) & 15;
    const step = d * ((low | (((highScales >> (group * 2)) & 3) << 4)) - 32);
    for (let j = 0; j < 16; j += 1) {
      const byte = bytes[at + 8 + group * 16 + j]!;
      out[to + group * 32 + j] = step * levels[byte & 15]!;
      out[to + group * 32 + 16 + j] = step * levels[byte >> 4]!;
    }
  }
};
