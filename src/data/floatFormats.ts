/** Exact conversions of stored element types to float32. Source: IEEE 754 binary16; bfloat16 is the upper half of a float32. */

let halfTable: Float32Array | undefined;

/** All 65,536 binary16 values as float32 (256 KiB), built once: exact, and quicker than arithmetic per element. */
export function halfToFloatTable(): Float32Array {
  if (halfTable === undefined) {
    const table = new Float32Array(65_536);
    for (let bits = 0; bits < table.length; bits += 1) table[bits] = halfToFloat(bits);
    halfTable = table;
  }
  return halfTable;
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** `source` and `target` have the same length. */
export function halfToFloat32(source: Uint16Array, target: Float32Array): void {
  const table = halfToFloatTable();
  for (let index = 0; index < source.length; index += 1) target[index] = table[source[index]!]!;
}

/** `source` and `target` have the same length. */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let index = 0; index < source.length; index += 1) bits[index] = source[index]! << 16;
}
