import { type Code, signed, unsigned, type ValueType, type WasmFunction } from './encode';
import { hasRelaxedSimd } from './relaxedSimd';

/** A local variable or parameter, by index. */
export type Local = number;

export const get = (local: Local): Code => [0x20, ...unsigned(local)];
export const set = (local: Local, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const block = (...parts: readonly Code[]): Code => parts.flat();

export const i32 = (value: number): Code => [0x41, ...signed(value)];
export const f32 = (value: number): Code => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];
const binary =
  (...code: readonly number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...code];
const unary =
  (...code: readonly number[]) =>
  (a: Code): Code => [...a, ...code];

export const addI32 = binary(0x6a);
export const subI32 = binary(0x6b);
export const mulI32 = binary(0x6c);
const belowU32 = binary(0x49);

/** Does `body` while `counter`, going down by one, stays above zero; nothing where it is zero at first. */
export function repeat(counter: Local, body: Code): Code {
  const next = [...subI32(get(counter), i32(1)), 0x22, ...unsigned(counter), 0x0d, 0x00];
  return [...get(counter), 0x04, 0x40, 0x03, 0x40, ...body, ...next, 0x0b, 0x0b];
}

/** Does `body` where the condition is not zero. */
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b];

/** Does `body` until the pointer, which it advances, is no longer below the end; nothing where it is not at first. */
export function untilEnd(pointer: Local, end: Local, body: Code): Code {
  const below = belowU32(get(pointer), get(end));
  return [...below, 0x04, 0x40, 0x03, 0x40, ...body, ...below, 0x0d, 0x00, 0x0b, 0x0b];
}

export const advance = (pointer: Local, bytes: Code): Code => set(pointer, addI32(get(pointer), bytes));

// Scalars in memory. Alignment is a hint: everything here may be unaligned.
const at = (offset: number): number[] => [0, ...unsigned(offset)];
export const loadF64 = (pointer: Code, offset: number): Code => [...pointer, 0x2b, ...at(offset)];
export const loadF32 = (pointer: Code, offset: number): Code => [...pointer, 0x2a, ...at(offset)];
export const storeF64 = (pointer: Code, offset: number, value: Code): Code => [
  ...pointer,
  ...value,
  0x39,
  ...at(offset),
];
export const storeF32 = (pointer: Code, offset: number, value: Code): Code => [
  ...pointer,
  ...value,
  0x38,
  ...at(offset),
];
export const addF64 = binary(0xa0);
export const mulF64 = binary(0xa2);
export const addF32 = binary(0x92);
export const mulF32 = binary(0x94);
export const promote = unary(0xbb);

// Vectors of 128 bits.
const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
export const loadVector = (pointer: Code, offset: number): Code => [...pointer, ...simd(0x00), ...at(offset)];
export const loadSplat32 = (pointer: Code, offset: number): Code => [...pointer, ...simd(0x09), ...at(offset)];
export const loadSplat64 = (pointer: Code, offset: number): Code => [...pointer, ...simd(0x0a), ...at(offset)];
/** Four signed 16-bit integers of memory, widened to 32 bits. */
export const loadWidened = (pointer: Code, offset: number): Code => [...pointer, ...simd(0x03), ...at(offset)];
export const storeVector = (pointer: Code, offset: number, value: Code): Code => [
  ...pointer,
  ...value,
  ...simd(0x0b),
  ...at(offset),
];
export const bits = (words: readonly number[]): Code => [
  ...simd(0x0c),
  ...new Uint8Array(Uint32Array.from(words).buffer),
];
export const zeroVector: Code = bits([0, 0, 0, 0]);
export const and = binary(...simd(0x4e));
export const splatF32 = unary(...simd(0x13));
export const splatF64 = unary(...simd(0x14));
export const laneF32 = (vector: Code, lane: number): Code => [...vector, ...simd(0x1f), lane];
export const laneF64 = (vector: Code, lane: number): Code => [...vector, ...simd(0x21), lane];
export const addF32x4 = binary(...simd(0xe4));
export const mulF32x4 = binary(...simd(0xe6));
export const addF64x2 = binary(...simd(0xf0));
export const mulF64x2 = binary(...simd(0xf2));
/** sum + a b: one instruction where there is one, which rounds once where the processor fuses. */
export const multiplyAddF32x4 = (sum: Code, a: Code, b: Code): Code =>
  hasRelaxedSimd() ? [...a, ...b, ...sum, ...simd(0x105)] : addF32x4(sum, mulF32x4(a, b));
export const multiplyAddF64x2 = (sum: Code, a: Code, b: Code): Code =>
  hasRelaxedSimd() ? [...a, ...b, ...sum, ...simd(0x107)] : addF64x2(sum, mulF64x2(a, b));
export const shiftLeftI32x4 = (vector: Code, places: number): Code => [...vector, ...i32(places), ...simd(0xab)];
/** Eight signed 16-bit integers: the first or the last four, widened to 32 bits. */
export const widenLow = unary(...simd(0xa7));
export const widenHigh = unary(...simd(0xa8));
/** The first two of four floats as doubles. */
export const promoteLow = unary(...simd(0x5f));
/** The last two lanes of 32 bits, in place of the first two. */
export const highHalf = (vector: Local): Code => [
  ...get(vector),
  ...get(vector),
  ...simd(0x0d),
  ...[8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
];

/** Sum of four lanes, in a fixed order: (0 + 1) + (2 + 3). */
export const sumF32x4 = (vector: Local): Code =>
  addF32(
    addF32(laneF32(get(vector), 0), laneF32(get(vector), 1)),
    addF32(laneF32(get(vector), 2), laneF32(get(vector), 3)),
  );
export const sumF64x2 = (vector: Local): Code => addF64(laneF64(get(vector), 0), laneF64(get(vector), 1));

/**
 * Writes a function whose parameters and locals are allocated by type.
 *
 * @param build is given the indices of the parameters and a maker of locals
 */
export function defineFunction(
  name: string,
  parameters: readonly ValueType[],
  build: (parameters: readonly Local[], local: (type: ValueType) => Local) => Code,
): WasmFunction {
  const locals: ValueType[] = [];
  const body = build(
    parameters.map((_, index) => index),
    (type) => parameters.length + locals.push(type) - 1,
  );
  return { name, parameters, locals, body };
}
