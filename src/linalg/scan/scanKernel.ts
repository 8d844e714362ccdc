import {
  type Calls,
  type Code,
  compileFunctions,
  instantiate,
  type WasmFunction,
  type WasmMemory,
  type WasmModule,
} from '../wasm/encode';
import {
  addF32,
  addF32x4,
  addF64,
  addF64x2,
  advance,
  and,
  bits,
  block,
  defineFunction,
  get,
  highHalf,
  i32,
  type Local,
  loadF64,
  loadSplat64,
  loadVector,
  mulF32x4,
  mulF64x2,
  promote,
  promoteLow,
  repeat,
  set,
  shiftLeftI32x4,
  storeF64,
  storeVector,
  sumF32x4,
  sumF64x2,
  when,
  widenHigh,
  widenLow,
  zeroVector,
} from '../wasm/instructions';

/** How the rows of an index are stored. */
export type IndexElement = 'float16' | 'float32';

export const indexBytes = { float16: 2, float32: 4 } as const;

/**
 * Half floats are widened by shifting their bits into place as a float32: what comes out is too small by this factor,
 * subnormal halves included. Infinities and NaN have no such image: they read as 65536 and above.
 */
export const halfUnit = { float16: 2 ** 112, float32: 1 } as const;

/** Elements read in one step, queries of the wider kernel, rows of the kernels that add up rows. */
export const stepElements = 8;
export const groupQueries = 4;
export const groupRows = 4;

const elements = ['float16', 'float32'] as const;

type KernelName =
  | `${IndexElement}Dot${1 | 4}`
  | `${IndexElement}Squares`
  | `${IndexElement}Sum`
  | `${IndexElement}SumSquares`;

/** Reads eight elements as two vectors of floats; `masked` keeps only what the mask covers. */
interface Reader {
  readonly bytes: number;
  readonly prepare: Code;
  read(pointer: Local, masked: 'all' | Local, low: Local, high: Local): Code;
}

function createReader(element: IndexElement, local: (type: 'v128') => Local): Reader {
  if (element === 'float32') {
    const part = (pointer: Local, masked: 'all' | Local, offset: number): Code => {
      const all = loadVector(get(pointer), offset);
      return masked === 'all' ? all : and(all, loadVector(get(masked), offset));
    };
    return {
      bytes: 32,
      prepare: [],
      read: (pointer, masked, low, high) =>
        block(set(low, part(pointer, masked, 0)), set(high, part(pointer, masked, 16))),
    };
  }
  const keep = local('v128');
  const raw = local('v128');
  return {
    bytes: 16,
    prepare: set(keep, bits([0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000])),
    read: (pointer, masked, low, high) => {
      const all = loadVector(get(pointer), 0);
      return block(
        set(raw, masked === 'all' ? all : and(all, loadVector(get(masked), 0))),
        set(low, and(shiftLeftI32x4(widenLow(get(raw)), 13), get(keep))),
        set(high, and(shiftLeftI32x4(widenHigh(get(raw)), 13), get(keep))),
      );
    },
  };
}

/** `step` for whole steps, then once more for the last elements, where a mask is given. */
function eachStep(left: Local, steps: Local, mask: Local, step: (masked: 'all' | Local) => Code): Code {
  return block(set(left, get(steps)), repeat(left, step('all')), when(get(mask), step(mask)));
}

/**
 * `(rows, stride, count, queries, steps, mask, out)`: out[row][query] += sum_j row[j] query[j], in double precision over
 * calls. Queries lie interleaved: eight elements of each in turn.
 */
function dotFunction(element: IndexElement, queries: 1 | 4): WasmFunction {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return defineFunction(`${element}Dot${queries}`, parameters, (given, local) => {
    const [rows, stride, count, query, steps, mask, out] = given as [Local, Local, Local, Local, Local, Local, Local];
    const [pointer, at, left] = [local('i32'), local('i32'), local('i32')];
    const [low, high] = [local('v128'), local('v128')];
    const sums = Array.from({ length: queries }, () => [local('v128'), local('v128')] as const);
    const reader = createReader(element, local);
    const step = (masked: 'all' | Local): Code =>
      block(
        reader.read(pointer, masked, low, high),
        ...sums.map(([a, b], q) =>
          block(
            set(a, addF32x4(get(a), mulF32x4(get(low), loadVector(get(at), q * 32)))),
            set(b, addF32x4(get(b), mulF32x4(get(high), loadVector(get(at), q * 32 + 16)))),
          ),
        ),
        advance(pointer, i32(reader.bytes)),
        advance(at, i32(queries * 32)),
      );
    const store = sums.map(([a, b], q) =>
      storeF64(get(out), q * 8, addF64(loadF64(get(out), q * 8), promote(addF32(sumF32x4(a), sumF32x4(b))))),
    );
    return block(
      reader.prepare,
      repeat(
        count,
        block(
          set(pointer, get(rows)),
          set(at, get(query)),
          ...sums.flat().map((sum) => set(sum, zeroVector)),
          eachStep(left, steps, mask, step),
          ...store,
          advance(rows, get(stride)),
          advance(out, i32(queries * 8)),
        ),
      ),
    );
  });
}

/** The four pairs of doubles that eight floats become. */
const pairs = (low: Local, high: Local): Code[] => [
  promoteLow(get(low)),
  promoteLow(highHalf(low)),
  promoteLow(get(high)),
  promoteLow(highHalf(high)),
];

/** `(rows, stride, count, steps, mask, out)`: out[row] += sum_j row[j]^2, in double precision. */
function squaresFunction(element: IndexElement): WasmFunction {
  return defineFunction(`${element}Squares`, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (given, local) => {
    const [rows, stride, count, steps, mask, out] = given as [Local, Local, Local, Local, Local, Local];
    const [pointer, left] = [local('i32'), local('i32')];
    const [low, high, value] = [local('v128'), local('v128'), local('v128')];
    const sums = [local('v128'), local('v128')];
    const reader = createReader(element, local);
    const step = (masked: 'all' | Local): Code =>
      block(
        reader.read(pointer, masked, low, high),
        ...pairs(low, high).map((pair, i) => {
          const sum = sums[i % 2]!;
          return block(set(value, pair), set(sum, addF64x2(get(sum), mulF64x2(get(value), get(value)))));
        }),
        advance(pointer, i32(reader.bytes)),
      );
    return block(
      reader.prepare,
      repeat(
        count,
        block(
          set(pointer, get(rows)),
          ...sums.map((sum) => set(sum, zeroVector)),
          eachStep(left, steps, mask, step),
          storeF64(get(out), 0, addF64(loadF64(get(out), 0), addF64(sumF64x2(sums[0]!), sumF64x2(sums[1]!)))),
          advance(rows, get(stride)),
          advance(out, i32(8)),
        ),
      ),
    );
  });
}

/**
 * `(rows, stride, coefficients, steps, mask, out)`: out[j] += sum over four rows of coefficient row[j], or row[j]^2, in
 * double precision and in the order of the rows.
 */
function sumFunction(element: IndexElement, power: 'Sum' | 'SumSquares'): WasmFunction {
  return defineFunction(`${element}${power}`, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (given, local) => {
    const [rows, stride, coefficients, steps, mask, out] = given as [Local, Local, Local, Local, Local, Local];
    const left = local('i32');
    const [low, high, value] = [local('v128'), local('v128'), local('v128')];
    const sums = [local('v128'), local('v128'), local('v128'), local('v128')];
    const sources = Array.from({ length: groupRows }, () => ({ pointer: local('i32'), factor: local('v128') }));
    const reader = createReader(element, local);
    const step = (masked: 'all' | Local): Code =>
      block(
        ...sums.map((sum, i) => set(sum, loadVector(get(out), i * 16))),
        ...sources.map(({ pointer, factor }) =>
          block(
            reader.read(pointer, masked, low, high),
            ...pairs(low, high).map((pair, i) => {
              const sum = sums[i]!;
              if (power === 'Sum') return set(sum, addF64x2(get(sum), mulF64x2(get(factor), pair)));
              const squared = mulF64x2(get(value), get(value));
              return block(set(value, pair), set(sum, addF64x2(get(sum), mulF64x2(get(factor), squared))));
            }),
            advance(pointer, i32(reader.bytes)),
          ),
        ),
        ...sums.map((sum, i) => storeVector(get(out), i * 16, get(sum))),
        advance(out, i32(64)),
      );
    return block(
      reader.prepare,
      ...sources.map(({ pointer, factor }, i) =>
        block(set(pointer, get(rows)), set(factor, loadSplat64(get(coefficients), i * 8)), advance(rows, get(stride))),
      ),
      eachStep(left, steps, mask, step),
    );
  });
}

let compiled: WasmModule | undefined;

/** The kernels on a shared memory. The code is compiled once; it holds no state. */
export function scanKernels(memory: WasmMemory): Calls<KernelName> {
  compiled ??= compileFunctions(
    elements.flatMap((element) => [
      dotFunction(element, 1),
      dotFunction(element, 4),
      squaresFunction(element),
      sumFunction(element, 'Sum'),
      sumFunction(element, 'SumSquares'),
    ]),
    'shared',
  );
  return instantiate<KernelName>(compiled, memory);
}
