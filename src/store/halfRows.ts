/**
 * Rows of float32 values as half-precision numbers with one scale each: value = half * scale.
 *
 * The scale is the power of two that brings the row's largest magnitude into [16384, 32768), so scaling loses nothing,
 * nothing overflows, and what is rounded (to nearest, ties to even) is only the half's eleven bits. A value keeps full
 * half precision down to 2^-28 of the row's largest, and is at worst off by 2^-39 of it below.
 */

import { halfToFloatTable } from '../data/floatFormats';
import { inputError } from '../protocol/errors';

/** Exponent that the largest magnitude gets: 2^14 <= |half| < 2^15. */
const topExponent = 14;
/** Below this a scale is no normal float32. */
const smallestScaleExponent = -126;

/** Where 2^15 times the scale is no finite float32 any more. */
const largestScale = 2 ** 113;

const scratchBits = new Uint32Array(1);
const scratchFloat = new Float32Array(scratchBits.buffer);

/** The largest magnitude of a row; NaN where a value is no finite number. */
function largestMagnitude(values: Float32Array, from: number, to: number): number {
  let largest = 0;
  let check = 0;
  for (let i = from; i < to; i += 1) {
    const value = values[i]!;
    const magnitude = value < 0 ? -value : value;
    if (magnitude > largest) largest = magnitude;
    // x * 0 is 0 for every finite x and NaN for the others.
    check += value * 0;
  }
  return check === 0 ? largest : Number.NaN;
}

/** The power of two for a row whose largest magnitude this is; 1 for a row of zeros. */
function scaleFor(largest: number): number {
  if (largest === 0) return 1;
  // Float64 has no subnormal float32, so its exponent is the true one.
  let exponent = Math.floor(Math.log2(largest));
  if (2 ** exponent > largest) exponent -= 1;
  else if (2 ** (exponent + 1) <= largest) exponent += 1;
  return 2 ** Math.max(smallestScaleExponent, exponent - topExponent);
}

/**
 * Encodes rows [from, from + count) of `values` [n, width] to rows beginning at `targetRow` of `halves` [m, width] and
 * `scales` [m].
 *
 * @throws UserError `vectors-not-finite`, naming the first such row
 */
export function encodeHalfRows(
  values: Float32Array,
  width: number,
  from: number,
  count: number,
  halves: Uint16Array,
  scales: Float32Array,
  targetRow: number,
): void {
  // Scaled values, seen as bits too.
  const scaled = new Float32Array(width);
  const bits = new Uint32Array(scaled.buffer);
  for (let row = 0; row < count; row += 1) {
    const start = (from + row) * width;
    const largest = largestMagnitude(values, start, start + width);
    if (Number.isNaN(largest)) throw notFinite(from + row);
    const scale = scaleFor(largest);
    const inverse = 1 / scale;
    for (let i = 0; i < width; i += 1) scaled[i] = values[start + i]! * inverse;
    const at = (targetRow + row) * width;
    for (let i = 0; i < width; i += 1) halves[at + i] = halfBits(bits[i]!);
    if (scale === largestScale) stayFinite(halves, at, width);
    scales[targetRow + row] = scale;
  }
}

/** @throws UserError `vectors-not-finite` where a value of rows [from, from + count) is NaN or infinite */
export function requireFiniteRows(values: Float32Array, width: number, from: number, count: number): void {
  for (let row = from; row < from + count; row += 1) {
    if (Number.isNaN(largestMagnitude(values, row * width, (row + 1) * width))) throw notFinite(row);
  }
}

function notFinite(row: number): Error {
  return inputError(
    'vectors-not-finite',
    `The vector of row ${row} of those to be stored holds NaN or infinite values.`,
    'Use a checkpoint from before training diverged, or leave the row out.',
  );
}

/** Values within half a step of 2^128 are rounded down, for up would be infinite. */
function stayFinite(halves: Uint16Array, at: number, width: number): void {
  for (let i = at; i < at + width; i += 1) if ((halves[i]! & 0x7fff) === 0x7800) halves[i] = halves[i]! - 1;
}

/** Binary16 bits of the float32 with these bits, whose magnitude is below 65504: to nearest, ties to even. */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  // 2^-14 and above: a normal half. The carry of rounding goes into the exponent, as it should.
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Below: adding 1/2 makes the float32 adder round to multiples of 2^-24, the step of subnormal halves.
  scratchBits[0] = magnitude;
  scratchFloat[0] = scratchFloat[0]! + 0.5;
  return sign | (scratchBits[0]! - 0x3f000000);
}

/** Decodes `count` rows of `halves` [n, width] from row `from` into the beginning of `target` [>= count, width]. */
export function decodeHalfRows(
  halves: Uint16Array,
  scales: Float32Array,
  width: number,
  from: number,
  count: number,
  target: Float32Array,
): void {
  const table = halfToFloatTable();
  for (let row = 0; row < count; row += 1) {
    const scale = scales[from + row]!;
    const start = (from + row) * width;
    const at = row * width;
    for (let i = 0; i < width; i += 1) target[at + i] = table[halves[start + i]!]! * scale;
  }
}
