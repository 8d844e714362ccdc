import assert from 'node:assert/strict';
import { compileFunctions, createMemory, instantiate } from '../../../src/linalg/wasm/encode';
import {
  block,
  defineFunction,
  get,
  loadVector,
  multiplyAddF32x4,
  multiplyAddF64x2,
  storeVector,
} from '../../../src/linalg/wasm/instructions';

/** `(p)`: p[3] = p[0] + p[1] p[2], vectors of 16 bytes. */
function kernel(multiplyAdd: typeof multiplyAddF64x2) {
  const memory = createMemory(64, 'own');
  const add = defineFunction('add', ['i32'], ([p]) =>
    block(
      storeVector(get(p!), 48, multiplyAdd(loadVector(get(p!), 0), loadVector(get(p!), 16), loadVector(get(p!), 32))),
    ),
  );
  return { memory, add: instantiate<'add'>(compileFunctions([add], 'own'), memory).add };
}

describe('multiply and add', () => {
  it('rounds once or twice, and always as at first: a kernel compiled anew while it runs gives the same bits', () => {
    for (const [multiplyAdd, Numbers, lanes, last] of [
      [multiplyAddF64x2, Float64Array, 2, 2 ** -52],
      [multiplyAddF32x4, Float32Array, 4, 2 ** -23],
    ] as const) {
      const { memory, add } = kernel(multiplyAdd);
      const numbers = new Numbers(memory.buffer as ArrayBuffer);
      // (1 + e)^2 = 1 + 2e + e^2, whose last term is what the rounding of the product loses.
      numbers.fill(-(1 + 2 * last), 0, lanes);
      numbers.fill(1 + last, lanes, 3 * lanes);
      add(0);
      const first = [...numbers.subarray(3 * lanes, 4 * lanes)];
      assert.ok(first[0] === 0 || first[0] === last * last, String(first[0]));
      assert.ok(first.every((value) => value === first[0]));
      for (let run = 0; run < 300_000; run++) add(0);
      assert.deepEqual([...numbers.subarray(3 * lanes, 4 * lanes)], first);
    }
  });
});
