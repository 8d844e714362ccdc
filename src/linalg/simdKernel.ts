import { internalError } from '../protocol/errors';
import { name, section, signed, unsigned } from './wasm/encode';

/**
 * Element-wise float32 loops on four elements at a time: a tiny compiler from expressions to WebAssembly's SIMD
 * instructions. JavaScript computes one element at a time in float64, which is five times slower where a loop divides
 * and takes roots. Results are IEEE float32 arithmetic: the same bits on every machine.
 */
export type Expression =
  /** The element of an array. */
  | { readonly kind: 'array'; readonly index: number }
  /** A number given with every call. */
  | { readonly kind: 'scalar'; readonly index: number }
  /** What an earlier assignment made. */
  | { readonly kind: 'local'; readonly index: number }
  | { readonly kind: 'sqrt'; readonly a: Expression }
  | { readonly kind: 'add' | 'sub' | 'mul' | 'div'; readonly a: Expression; readonly b: Expression };

export const array = (index: number): Expression => ({ kind: 'array', index });
export const scalar = (index: number): Expression => ({ kind: 'scalar', index });
export const local = (index: number): Expression => ({ kind: 'local', index });
export const sqrt = (a: Expression): Expression => ({ kind: 'sqrt', a });
export const add = (a: Expression, b: Expression): Expression => ({ kind: 'add', a, b });
export const sub = (a: Expression, b: Expression): Expression => ({ kind: 'sub', a, b });
export const mul = (a: Expression, b: Expression): Expression => ({ kind: 'mul', a, b });
export const div = (a: Expression, b: Expression): Expression => ({ kind: 'div', a, b });

/** One pass over some arrays. Locals are assigned in order, then results are stored. */
export interface SimdProgram {
  readonly arrays: number;
  readonly scalars: number;
  readonly locals: readonly Expression[];
  /** New elements by array. */
  readonly results: readonly { readonly array: number; readonly value: Expression }[];
}

/** @param arrays of one length; those among the results change in place */
export type SimdKernel = (arrays: readonly Float32Array[], scalars: readonly number[]) => void;

/** The part of the standard global that is used here; the type library for it belongs to browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Elements copied in and out at a time: a few arrays of them stay in a core's own cache. */
const blockElements = 1 << 13;
const blockBytes = blockElements * 4;
const pageBytes = 1 << 16;

/** WebAssembly's binary format: https://webassembly.github.io/spec/core/binary/ */
const types = { i32: 0x7f, f32: 0x7d, v128: 0x7b, function: 0x60 } as const;
const arithmetic = { add: 0xe4, sub: 0xe5, mul: 0xe6, div: 0xe7 } as const;

const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
const localGet = (index: number): number[] => [0x20, ...unsigned(index)];
const localSet = (index: number): number[] => [0x21, ...unsigned(index)];
const memoryOffset = (index: number): number[] => [4, ...unsigned(index * blockBytes)];

/**
 * `run(end, scalar...)`: the loop over byte offsets [0, end), 16 at a time. Local 0 is `end`, then the scalars, the
 * offset, the scalars in all four lanes, and the program's locals.
 */
function functionBody({ scalars, locals, results }: SimdProgram): number[] {
  const offset = 1 + scalars;
  const splats = offset + 1;
  const values = splats + scalars;
  const compile = (expression: Expression): number[] => {
    switch (expression.kind) {
      case 'array':
        return [...localGet(offset), ...simd(0x00), ...memoryOffset(expression.index)];
      case 'scalar':
        return localGet(splats + expression.index);
      case 'local':
        return localGet(values + expression.index);
      case 'sqrt':
        return [...compile(expression.a), ...simd(0xe3)];
      default:
        return [...compile(expression.a), ...compile(expression.b), ...simd(arithmetic[expression.kind])];
    }
  };
  const spread = Array.from({ length: scalars }, (_, i) => [
    ...localGet(1 + i),
    ...simd(0x13),
    ...localSet(splats + i),
  ]);
  const assign = locals.map((value, i) => [...compile(value), ...localSet(values + i)]);
  const store = results.map((result) => [
    ...localGet(offset),
    ...compile(result.value),
    ...simd(0x0b),
    ...memoryOffset(result.array),
  ]);
  const next = [...localGet(offset), 0x41, ...signed(16), 0x6a, 0x22, ...unsigned(offset), ...localGet(0), 0x49];
  const loop = [0x03, 0x40, ...assign.flat(), ...store.flat(), ...next, 0x0d, 0x00, 0x0b];
  const declarations = [2, 1, types.i32, ...unsigned(scalars + locals.length), types.v128];
  const body = [...declarations, ...spread.flat(), ...loop, 0x0b];
  return [...unsigned(body.length), ...body];
}

function moduleBytes(program: SimdProgram, pages: number): Uint8Array<ArrayBuffer> {
  const parameters = [types.i32, ...Array.from({ length: program.scalars }, () => types.f32)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, types.function, ...unsigned(parameters.length), ...parameters, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, ...unsigned(pages)]),
    ...section(7, [2, ...name('run'), 0x00, 0, ...name('memory'), 0x02, 0]),
    ...section(10, [1, ...functionBody(program)]),
  ]);
}

/** Compiles a program; arrays of any length are then processed block by block. */
export function compileSimd(program: SimdProgram): SimdKernel {
  const pages = Math.ceil((program.arrays * blockBytes) / pageBytes);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(program, pages)));
  const { run, memory } = instance.exports as {
    readonly run: (end: number, ...scalars: readonly number[]) => void;
    readonly memory: { readonly buffer: ArrayBuffer };
  };
  const places = Array.from(
    { length: program.arrays },
    (_, i) => new Float32Array(memory.buffer, i * blockBytes, blockElements),
  );
  return (arrays, scalars) => {
    const length = arrays[0]?.length ?? 0;
    if (
      arrays.length !== program.arrays ||
      scalars.length !== program.scalars ||
      arrays.some((a) => a.length !== length)
    )
      throw internalError(`a kernel of ${program.arrays} arrays and ${program.scalars} scalars was given others`);
    for (let begin = 0; begin < length; begin += blockElements) {
      const count = Math.min(blockElements, length - begin);
      for (let i = 0; i < arrays.length; i++) places[i]!.set(arrays[i]!.subarray(begin, begin + count));
      // The last four may hold elements of an earlier block: computed as well, and not copied out.
      run(Math.ceil(count / 4) * 16, ...scalars);
      for (const { array: index } of program.results)
        arrays[index]!.set(count === blockElements ? places[index]! : places[index]!.subarray(0, count), begin);
    }
  };
}
