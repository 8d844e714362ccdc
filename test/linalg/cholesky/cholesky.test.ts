import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cholesky } from '../../../src/linalg/cholesky/cholesky';
import { createGramSolver } from '../../../src/linalg/cholesky/createGramSolver';
import { solveCholesky } from '../../../src/linalg/cholesky/solveCholesky';
import { gramMatrix } from '../../../src/linalg/products/gramMatrix';
import { createRandom } from '../../../src/linalg/random';
import { UserError } from '../../../src/protocol/errors';

function normals(length: number, seed: number): Float64Array {
  const random = createRandom(seed, 'test');
  return Float64Array.from({ length }, () => random.normal());
}

/** Well conditioned, so that solutions can be compared tightly. */
function positiveDefinite(n: number, seed: number): Float64Array {
  const matrix = gramMatrix(normals(n * n, seed), n, n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + n;
  return matrix;
}

describe('cholesky and solveCholesky', () => {
  const check = (n: number, count: number, seed: number): void => {
    const matrix = positiveDefinite(n, seed);
    const factor = cholesky(matrix, n);
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) assert.equal(factor[i * n + j], 0);
    const product = gramMatrix(factor, n, n);
    for (let i = 0; i < matrix.length; i++) assert.ok(Math.abs(product[i]! - matrix[i]!) < 1e-13 * n * n + 1e-13);
    const expected = normals(count * n, seed + 1);
    const sides = new Float64Array(count * n);
    for (let r = 0; r < count; r++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) sides[r * n + i] = sides[r * n + i]! + matrix[i * n + j]! * expected[r * n + j]!;
    const found = solveCholesky(factor, n, sides, count);
    for (let i = 0; i < found.length; i++) assert.ok(Math.abs(found[i]! - expected[i]!) < 1e-11);
  };

  it('the factor gives the matrix, and solves with it', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 9 }), fc.nat(1000), check), {
      numRuns: 60,
      seed: 1,
    });
    for (const n of [63, 64, 65, 128, 200, 331]) check(n, 5, n);
  });

  it('reads the lower triangle only', () => {
    const matrix = positiveDefinite(70, 2);
    const expected = cholesky(matrix, 70);
    for (let i = 0; i < 70; i++) for (let j = i + 1; j < 70; j++) matrix[i * 70 + j] = Number.NaN;
    assert.deepEqual(cholesky(matrix, 70), expected);
  });

  it('refuses what is not positive definite, and names the pivot', () => {
    const indefinite = positiveDefinite(100, 3);
    indefinite[80 * 100 + 80] = -1;
    const deficient = gramMatrix(normals(100 * 2, 4), 100, 2);
    for (let i = 0; i < 100; i++) deficient[i * 100 + i] = deficient[i * 100 + i]! - 1e-9;
    const broken = positiveDefinite(100, 5);
    broken[90 * 100 + 5] = Number.NaN;
    for (const matrix of [indefinite, deficient, broken, Float64Array.of(0), Float64Array.of(Number.POSITIVE_INFINITY)])
      assert.throws(
        () => cholesky(matrix, Math.sqrt(matrix.length)),
        (error) => error instanceof UserError && error.code === 'not-positive-definite' && /pivot/.test(error.message),
      );
  });
});

describe('createGramSolver', () => {
  it('solves with the damped second moment without making it', () => {
    for (const [rows, width] of [
      [1, 3],
      [12, 40],
      [70, 71],
      [40, 10],
    ] as const) {
      const g = Float32Array.from(normals(rows * width, rows));
      const damping = 0.1;
      const moment = new Float64Array(width * width);
      for (let r = 0; r < rows; r++)
        for (let i = 0; i < width; i++)
          for (let j = 0; j < width; j++)
            moment[i * width + j] = moment[i * width + j]! + (g[r * width + i]! * g[r * width + j]!) / rows;
      for (let i = 0; i < width; i++) moment[i * width + i] = moment[i * width + i]! + damping;
      const vectors = normals(3 * width, 9);
      const expected = solveCholesky(cholesky(moment, width), width, vectors, 3);
      const found = createGramSolver(g, rows, width, damping).solve(vectors, 3);
      for (let i = 0; i < found.length; i++) assert.ok(Math.abs(found[i]! - expected[i]!) < 1e-10);
    }
  });

  it('refuses a damping that is not positive', () => {
    for (const damping of [0, -1, Number.NaN])
      assert.throws(
        () => createGramSolver(new Float32Array(4), 2, 2, damping),
        (error) => error instanceof UserError && error.code === 'damping-not-positive',
      );
  });
});
