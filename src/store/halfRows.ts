/**
 * Rows of float32 values as half-precision numbers with one scale each: value = half * scale.
 *
 * The scale is the power of two that brings the row's largest magnitude into [16384, 32768), so scaling loses nothing,
 * nothing overflows, and what is rounded (to nearest, ties to even) is only the half's eleven bits. A value keeps full
 * half precision down to 2^-28 of the row's largest, and is at worst off by 2^-39 of it below (2^-137 for the tiniest rows).
 */

import { halfToFloatTable } from '../data/floatFormats';
import { inputError } from '../protocol/errors';

/** Exponent that the largest magnitude gets: 2^14 <= |half| < 2^15. */
const topExponent = 14;
/** With it every normal float32 is a normal half; rows below 2^-97 throughout are kept to the nearest 2^-136. */
const smallestScaleExponent = -112;
/** Where 2^15 times the scale is no finite float32 any more. */
const largestScaleExponent = 113;

/** Doubles from here on are whole numbers. */
const wholeFrom = 2 ** 52;
/** By scale exponent less the smallest: multiples of 2^-24 (the step of subnormal halves) in a scaled 1. A table, because V8
 * would compute a power anew for every element. */
const unitsOf = Float64Array.from(
  { length: largestScaleExponent - smallestScaleExponent + 1 },
  (_, i) => 2 ** (24 - smallestScaleExponent - i),
);

const magnitudeMask = 0x7fffffff;
const infinityBits = 0x7f800000;
/** 2^-14, the smallest normal half, as float32 bits; and what lies between the two exponents' zeros. */
const smallestHalfBits = 0x38800000;
const exponentOffset = 0x38000000;

/** Float32 values seen as bits: magnitudes compare as integers, and a power of two is added to the exponent. */
function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

/** Bits of the largest magnitude of values [from, to); at least {@link infinityBits} where one is NaN or infinite. */
function largestBits(bits: Uint32Array, from: number, to: number): number {
  let largest = 0;
  for (let i = from; i < to; i += 1) {
    const magnitude = bits[i]! & magnitudeMask;
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** Exponent of the scale of a row whose largest magnitude has these bits. */
function scaleExponent(largest: number): number {
  if (largest === 0) return 0;
  return Math.max(smallestScaleExponent, (largest >>> 23) - 127 - topExponent);
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
  const bits = bitsOf(values);
  for (let row = 0; row < count; row += 1) {
    const start = (from + row) * width;
    const largest = largestBits(bits, start, start + width);
    if (largest >= infinityBits) throw notFinite(from + row);
    const exponent = scaleExponent(largest);
    const at = (targetRow + row) * width;
    encodeRow(values, bits, start, width, exponent, halves, at);
    if (exponent === largestScaleExponent) stayFinite(halves, at, width);
    scales[targetRow + row] = 2 ** exponent;
  }
}

/** Divides by 2^exponent and rounds to nearest, ties to even. */
function encodeRow(
  values: Float32Array,
  bits: Uint32Array,
  start: number,
  width: number,
  exponent: number,
  halves: Uint16Array,
  at: number,
): void {
  // Added to float32 bits: takes the scale off the exponent, re-bases it, and is half a unit (less one) of rounding.
  const offset = 0xfff - exponentOffset - (exponent << 23);
  const smallestNormal = smallestHalfBits + (exponent << 23);
  const toUnits = unitsOf[exponent - smallestScaleExponent]!;
  for (let i = 0; i < width; i += 1) {
    const word = bits[start + i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & magnitudeMask;
    if (magnitude >= smallestNormal) {
      // The carry of rounding goes into the exponent, as it should.
      halves[at + i] = sign | ((magnitude + offset + ((magnitude >>> 13) & 1)) >>> 13);
    } else {
      // The adder itself rounds to nearest, ties to even, where doubles are whole numbers.
      halves[at + i] = sign | (Math.abs(values[start + i]!) * toUnits + wholeFrom - wholeFrom);
    }
  }
}

/** Values within half a step of 2^128 are rounded down, for up would be infinite. */
function stayFinite(halves: Uint16Array, at: number, width: number): void {
  for (let i = at; i < at + width; i += 1) if ((halves[i]! & 0x7fff) === 0x7800) halves[i] = halves[i]! - 1;
}

/** @throws UserError `vectors-not-finite` where a value of rows [from, from + count) is NaN or infinite */
export function requireFiniteRows(values: Float32Array, width: number, from: number, count: number): void {
  const bits = bitsOf(values);
  for (let row = from; row < from + count; row += 1)
    if (largestBits(bits, row * width, (row + 1) * width) >= infinityBits) throw notFinite(row);
}

function notFinite(row: number): Error {
  return inputError(
    'vectors-not-finite',
    `The vector of row ${row} of those to be stored holds NaN or infinite values.`,
    'Use a checkpoint from before training diverged, or leave the row out.',
  );
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
