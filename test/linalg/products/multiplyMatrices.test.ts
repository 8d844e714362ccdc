import assert from 'node:assert/strict';
import fc from 'fast-check';
import { gramMatrix } from '../../../src/linalg/products/gramMatrix';
import {
  multiplyByTransposed,
  multiplyMatrices,
  multiplyTransposedBy,
  multiplyViews,
  rowMajor,
} from '../../../src/linalg/products/multiplyMatrices';
import { createRandom } from '../../../src/linalg/random';

function random32(length: number, seed: number): Float32Array {
  const random = createRandom(seed, 'matrix');
  return Float32Array.from({ length }, () => random.normal());
}

/** In float64, the plain way. */
function plain(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) c[i * n + j] = c[i * n + j]! + a[i * k + p]! * b[p * n + j]!;
  return c;
}

function transpose(a: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: a.length }, (_, at) => a[(at % rows) * columns + Math.floor(at / rows)]!);
}

/** Float32 sums of k products of normal numbers differ from exact ones by about sqrt(k) units in the last place. */
function assertClose(found: ArrayLike<number>, expected: Float64Array, k: number, precision: number): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const allowed = precision * 8 * (k + 1);
    assert.ok(Math.abs(found[i]! - expected[i]!) <= allowed, `element ${i}: ${found[i]} is ${expected[i]}`);
  }
}

describe('multiplyMatrices, multiplyByTransposed, multiplyTransposedBy', () => {
  const check = (m: number, n: number, k: number, seed: number): void => {
    const a = random32(m * k, seed);
    const b = random32(k * n, seed + 1);
    const expected = plain(a, b, m, n, k);
    const product = multiplyMatrices(a, b, { m, n, k });
    assertClose(product, expected, k, 2 ** -24);
    assert.deepEqual(multiplyByTransposed(a, transpose(b, k, n), { m, n, k }), product);
    assert.deepEqual(multiplyTransposedBy(transpose(a, m, k), b, { m, n, k }), product);
    const exact = new Float64Array(m * n);
    multiplyViews(exact, rowMajor(a, k), rowMajor(b, n), { m, n, k }, 'full');
    assertClose(exact, expected, k, 2 ** -53);
  };

  it('equal the sums written out, for every size', () => {
    const size = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(size, size, size, fc.nat(1000), (m, n, k, seed) => check(m, n, k, seed)),
      { numRuns: 150, seed: 1 },
    );
  });

  it('are right across the borders of their blocks', () => {
    for (const [m, n, k] of [
      [5, 1030, 3],
      [1027, 9, 5],
      [3, 7, 1000],
      [70, 300, 257],
    ] as const)
      check(m, n, k, m);
  });

  it('refuse sizes that do not fit', () => {
    assert.throws(() => multiplyMatrices(new Float32Array(6), new Float32Array(6), { m: 2, n: 3, k: 3 }), /internal/);
  });
});

describe('gramMatrix', () => {
  it('is G G^T, symmetric', () => {
    for (const [rows, width] of [
      [1, 5],
      [37, 300],
      [1100, 3],
    ] as const) {
      const g = random32(rows * width, rows);
      const found = gramMatrix(g, rows, width);
      assertClose(found, plain(g, transpose(g, rows, width), rows, rows, width), width, 2 ** -53);
      for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) assert.equal(found[i * rows + j], found[j * rows + i]);
    }
  });
});
