import {
  type Calls,
  compileFunctions,
  instantiate,
  type WasmFunction,
  type WasmMemory,
  type WasmModule,
} from '../wasm/encode';
import {
  addF32x4,
  addF64x2,
  advance,
  block,
  defineFunction,
  get,
  i32,
  loadSplat32,
  loadSplat64,
  loadVector,
  multiplyAddF32x4,
  multiplyAddF64x2,
  repeat,
  set,
  storeVector,
  zeroVector,
} from '../wasm/instructions';

/** Type of the elements of a product. */
export type Element = 'float32' | 'float64';

/** Rows of a tile of the product: with two vectors a row, eight accumulators and what feeds them fit in 16 registers. */
export const tileRows = 4;
export const tileColumns = { float32: 8, float64: 4 } as const;
export const elementBytes = { float32: 4, float64: 8 } as const;

/**
 * `tiles(a, b, depth, c, strideBytes, count)`: a row of `count` tiles, C += A B. A holds `depth` columns of `tileRows`
 * elements, B for each tile `depth` rows of `tileColumns`; C lies row by row, `strideBytes` apart. Each element of C
 * gets its sum over the depth in order, added once.
 */
function tilesFunction(element: Element): WasmFunction {
  const single = element === 'float32';
  const [add, multiplyAdd, splat] = single
    ? [addF32x4, multiplyAddF32x4, loadSplat32]
    : [addF64x2, multiplyAddF64x2, loadSplat64];
  const size = elementBytes[element];
  return defineFunction(element, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (parameters, local) => {
    const [a, b, depth, c, stride, count] = parameters as [number, number, number, number, number, number];
    const [pointer, left, row] = [local('i32'), local('i32'), local('i32')];
    const sums = Array.from({ length: tileRows }, () => [local('v128'), local('v128')] as const);
    const [b0, b1, spread] = [local('v128'), local('v128'), local('v128')];
    const clear = sums.flat().map((sum) => set(sum, zeroVector));
    const step = block(
      set(b0, loadVector(get(b), 0)),
      set(b1, loadVector(get(b), 16)),
      ...sums.map(([low, high], i) =>
        block(
          set(spread, splat(get(pointer), i * size)),
          set(low, multiplyAdd(get(low), get(spread), get(b0))),
          set(high, multiplyAdd(get(high), get(spread), get(b1))),
        ),
      ),
      advance(pointer, i32(tileRows * size)),
      advance(b, i32(32)),
    );
    const store = sums.map(([low, high]) =>
      block(
        storeVector(get(row), 0, add(loadVector(get(row), 0), get(low))),
        storeVector(get(row), 16, add(loadVector(get(row), 16), get(high))),
        advance(row, get(stride)),
      ),
    );
    return repeat(
      count,
      block(
        set(pointer, get(a)),
        set(left, get(depth)),
        ...clear,
        repeat(left, step),
        set(row, get(c)),
        ...store,
        advance(c, i32(32)),
      ),
    );
  });
}

let compiled: WasmModule | undefined;

/** The tile kernels of both element types on a memory. The code is compiled once; it holds no state. */
export function tileKernels(memory: WasmMemory): Calls<Element> {
  compiled ??= compileFunctions([tilesFunction('float32'), tilesFunction('float64')], 'own');
  return instantiate<Element>(compiled, memory);
}
