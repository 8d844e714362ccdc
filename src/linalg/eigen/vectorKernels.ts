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
  addF64,
  advance,
  block,
  defineFunction,
  get,
  i32,
  type Local,
  loadF64,
  loadSplat64,
  loadVector,
  multiplyAddF64x2,
  repeat,
  set,
  storeF64,
  storeVector,
  sumF64x2,
  zeroVector,
} from '../wasm/instructions';

type KernelName = 'symmetric' | 'dots' | 'combine';

/** Rows that pass by together. */
export const rowGroup = 4;

interface Rows {
  readonly pointers: readonly Local[];
  /** Points them at four rows from `first` on. */
  start(first: Local, stride: Local): Code;
  readonly next: Code;
}

function fourRows(local: (type: 'i32') => Local): Rows {
  const pointers = Array.from({ length: rowGroup }, () => local('i32'));
  const [p0, p1, p2, p3] = pointers as [Local, Local, Local, Local];
  return {
    pointers,
    start: (first, stride) =>
      block(
        set(p0, get(first)),
        set(p1, [...get(p0), ...get(stride), 0x6a]),
        set(p2, [...get(p1), ...get(stride), 0x6a]),
        set(p3, [...get(p2), ...get(stride), 0x6a]),
      ),
    next: block(...pointers.map((pointer) => advance(pointer, i32(16)))),
  };
}

/**
 * `(rows, stride, x, y, groups)`: the part of y += A x, A symmetric, that is left of the 4 x 4 blocks of the diagonal:
 * groups of four rows of the lower triangle, each element read once and used twice.
 */
function symmetricFunction(): WasmFunction {
  return defineFunction('symmetric', ['i32', 'i32', 'i32', 'i32', 'i32'], (given, local) => {
    const [row, stride, x, y, groups] = given as [Local, Local, Local, Local, Local];
    const [steps, left, xj, yj, xi, yi] = [
      local('i32'),
      local('i32'),
      local('i32'),
      local('i32'),
      local('i32'),
      local('i32'),
    ];
    const rows = fourRows(local);
    const sums = rows.pointers.map(() => local('v128'));
    const factors = rows.pointers.map(() => local('v128'));
    const [element, there, result] = [local('v128'), local('v128'), local('v128')];
    const step = block(
      set(there, loadVector(get(xj), 0)),
      set(result, loadVector(get(yj), 0)),
      ...rows.pointers.map((pointer, r) =>
        block(
          set(element, loadVector(get(pointer), 0)),
          set(sums[r]!, multiplyAddF64x2(get(sums[r]!), get(element), get(there))),
          set(result, multiplyAddF64x2(get(result), get(element), get(factors[r]!))),
        ),
      ),
      storeVector(get(yj), 0, get(result)),
      rows.next,
      advance(xj, i32(16)),
      advance(yj, i32(16)),
    );
    return block(
      set(xi, get(x)),
      set(yi, get(y)),
      repeat(
        groups,
        block(
          rows.start(row, stride),
          ...sums.map((sum) => set(sum, zeroVector)),
          ...factors.map((factor, r) => set(factor, loadSplat64(get(xi), r * 8))),
          set(xj, get(x)),
          set(yj, get(y)),
          set(left, get(steps)),
          repeat(left, step),
          ...sums.map((sum, r) => storeF64(get(yi), r * 8, addF64(loadF64(get(yi), r * 8), sumF64x2(sum)))),
          advance(xi, i32(32)),
          advance(yi, i32(32)),
          advance(steps, i32(2)),
          ...rows.pointers.map(() => advance(row, get(stride))),
        ),
      ),
    );
  });
}

/** `(rows, stride, groups, x, out, steps)`: out[r] = rows[r] . x, for groups of four rows and pairs of elements. */
function dotsFunction(): WasmFunction {
  return defineFunction('dots', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (given, local) => {
    const [row, stride, groups, x, out, steps] = given as [Local, Local, Local, Local, Local, Local];
    const [left, xj] = [local('i32'), local('i32')];
    const rows = fourRows(local);
    const sums = rows.pointers.map(() => local('v128'));
    const there = local('v128');
    const step = block(
      set(there, loadVector(get(xj), 0)),
      ...rows.pointers.map((pointer, r) =>
        set(sums[r]!, multiplyAddF64x2(get(sums[r]!), loadVector(get(pointer), 0), get(there))),
      ),
      rows.next,
      advance(xj, i32(16)),
    );
    return repeat(
      groups,
      block(
        rows.start(row, stride),
        ...sums.map((sum) => set(sum, zeroVector)),
        set(xj, get(x)),
        set(left, get(steps)),
        repeat(left, step),
        ...sums.map((sum, r) => storeF64(get(out), r * 8, sumF64x2(sum))),
        advance(out, i32(32)),
        ...rows.pointers.map(() => advance(row, get(stride))),
      ),
    );
  });
}

/** `(rows, stride, groups, coefficients, y, steps)`: y += sum_r coefficients[r] rows[r]. */
function combineFunction(): WasmFunction {
  return defineFunction('combine', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (given, local) => {
    const [row, stride, groups, coefficients, y, steps] = given as [Local, Local, Local, Local, Local, Local];
    const [left, yj] = [local('i32'), local('i32')];
    const rows = fourRows(local);
    const factors = rows.pointers.map(() => local('v128'));
    const result = local('v128');
    const step = block(
      set(result, loadVector(get(yj), 0)),
      ...rows.pointers.map((pointer, r) =>
        set(result, multiplyAddF64x2(get(result), loadVector(get(pointer), 0), get(factors[r]!))),
      ),
      storeVector(get(yj), 0, get(result)),
      rows.next,
      advance(yj, i32(16)),
    );
    return repeat(
      groups,
      block(
        rows.start(row, stride),
        ...factors.map((factor, r) => set(factor, loadSplat64(get(coefficients), r * 8))),
        set(yj, get(y)),
        set(left, get(steps)),
        repeat(left, step),
        advance(coefficients, i32(32)),
        ...rows.pointers.map(() => advance(row, get(stride))),
      ),
    );
  });
}

let compiled: WasmModule | undefined;

/** Products of a matrix and a vector in double precision. The code is compiled once; it holds no state. */
export function vectorKernels(memory: WasmMemory): Calls<KernelName> {
  compiled ??= compileFunctions([symmetricFunction(), dotsFunction(), combineFunction()], 'own');
  return instantiate<KernelName>(compiled, memory);
}
