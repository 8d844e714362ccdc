/**
 * wasm/ writes WebAssembly by hand: SIMD is the only way to four numbers at a time without native code. This file
 * is the binary format (https://webassembly.github.io/spec/core/binary/), `instructions.ts` the instructions.
 */
import { internalError } from '../../protocol/errors';

export const valueTypes = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof valueTypes;

/** Encoded instructions. */
export type Code = readonly number[];

/** A function without results: what it computes is in memory. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  /** Locals beyond the parameters; they begin as zero. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** The part of the standard global that is used here; its type library belongs to browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
};

/** A compiled module: code without state. */
export type WasmModule = object & { readonly __module?: never };

/** Linear memory; shared memories can be posted to worker threads. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

export const pageBytes = 1 << 16;
/** Bytes that 32-bit addresses reach. */
export const largestMemory = 2 ** 32;

export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

export function signed(value: number): number[] {
  const done = value >= -64 && value < 64;
  return done ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}

export function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

export function name(text: string): number[] {
  return [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function functionType({ parameters }: WasmFunction): number[] {
  return [0x60, ...vector(parameters.map((type) => [valueTypes[type]])), 0];
}

function functionBody({ locals, body }: WasmFunction): number[] {
  const content = [...vector(locals.map((type) => [1, valueTypes[type]])), ...body, 0x0b];
  return [...unsigned(content.length), ...content];
}

/** Compiles functions that work on one imported memory, shared between threads or not. */
export function compileFunctions(functions: readonly WasmFunction[], memory: 'own' | 'shared'): WasmModule {
  const limits = memory === 'shared' ? [0x03, 0, ...unsigned(65536)] : [0x01, 0, ...unsigned(65536)];
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vector(functions.map(functionType))),
      ...section(2, [1, ...name('m'), ...name('m'), 0x02, ...limits]),
      ...section(3, vector(functions.map((_, index) => unsigned(index)))),
      ...section(7, vector(functions.map((entry, index) => [...name(entry.name), 0x00, ...unsigned(index)]))),
      ...section(10, vector(functions.map(functionBody))),
    ]),
  );
}

/** @param bytes room in the memory, zeros at first */
export function createMemory(bytes: number, kind: 'own' | 'shared'): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / pageBytes));
  if (pages * pageBytes > largestMemory) throw internalError(`a memory of ${bytes} bytes is beyond 32-bit addresses`);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: kind === 'shared' });
}

export type Calls<Name extends string> = Readonly<Record<Name, (...values: readonly number[]) => void>>;

/** The functions of a module, on this memory. */
export function instantiate<Name extends string>(module: WasmModule, memory: WasmMemory): Calls<Name> {
  return new WebAssembly.Instance(module, { m: { m: memory } }).exports as Calls<Name>;
}
