import assert from 'node:assert/strict';
import fc from 'fast-check';
import { symmetricEigen } from '../../../src/linalg/eigen/symmetricEigen';
import { createRandom } from '../../../src/linalg/random';
import { UserError } from '../../../src/protocol/errors';

function covariance(n: number, rank: number, seed: number): Float64Array {
  const random = createRandom(seed, 'covariance');
  const rows = Array.from({ length: rank }, () => Float64Array.from({ length: n }, () => random.normal()));
  const matrix = new Float64Array(n * n);
  for (const row of rows)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) matrix[i * n + j] = matrix[i * n + j]! + row[i]! * row[j]!;
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Everything that makes a decomposition one: residuals and orthogonality are of the order of n times the precision. */
function check(matrix: Float64Array | Float32Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const found = symmetricEigen(matrix, n);
  const rows = Array.from({ length: n }, (_, k) => found.vectors.subarray(k * n, k * n + n));
  const norm = Math.max(...found.values.map(Math.abs), 0);
  for (let k = 0; k < n; k++) {
    if (k > 0) assert.ok(found.values[k]! >= found.values[k - 1]!, 'ascending');
    for (let j = 0; j <= k; j++) {
      const expected = j === k ? 1 : 0;
      assert.ok(Math.abs(dot(rows[k]!, rows[j]!) - expected) < 1e-12, `orthogonality of ${k} and ${j} of ${n}`);
    }
    for (let i = 0; i < n; i++) {
      const image = dot(Float64Array.from(matrix.subarray(i * n, i * n + n)), rows[k]!);
      const residual = Math.abs(image - found.values[k]! * rows[k]![i]!);
      assert.ok(residual <= 1e-12 * norm, `residual ${residual} of vector ${k} of ${n}`);
    }
  }
  return found;
}

/** Symmetric with these eigenvalues, up to rounding: reflected a few times. */
function withSpectrum(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  const random = createRandom(seed, 'spectrum');
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = values[i]!;
  for (let round = 0; round < 3; round++) {
    const v = Float64Array.from({ length: n }, () => random.normal());
    const factor = 2 / dot(v, v);
    const w = Float64Array.from({ length: n }, (_, i) => factor * dot(a.subarray(i * n, i * n + n), v));
    const overlap = (factor / 2) * dot(v, w);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        const value = a[i * n + j]! - v[i]! * w[j]! - w[i]! * v[j]! + 2 * overlap * v[i]! * v[j]!;
        a[i * n + j] = value;
        a[j * n + i] = value;
      }
  }
  return a;
}

describe('symmetricEigen', () => {
  it('decomposes random matrices of any size, bit for bit the same each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 90 }), fc.integer({ min: -1, max: 100 }), fc.nat(1000), (n, rank, seed) => {
        const matrix = covariance(n, Math.max(0, rank), seed);
        const found = check(matrix, n);
        assert.deepEqual(symmetricEigen(matrix, n), found);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('decomposes larger matrices of full and of low rank', () => {
    for (const [n, rank] of [
      [97, 97],
      [130, 40],
      [200, 3],
      [300, 310],
      [513, 90],
    ] as const)
      check(covariance(n, rank, n), n);
  });

  it('joins halves whose values agree to nearly all digits: glued Wilkinson matrices, couplings of every size', () => {
    const random = createRandom(3, 'tridiagonal');
    const tridiagonal = (n: number, d: (i: number) => number, e: (i: number) => number): void => {
      const matrix = new Float64Array(n * n);
      for (let i = 0; i < n; i++) matrix[i * n + i] = d(i);
      for (let i = 1; i < n; i++) matrix[i * n + i - 1] = matrix[(i - 1) * n + i] = e(i);
      check(matrix, n);
    };
    for (const glue of [1e-14, 1e-9, 1e-4])
      tridiagonal(
        210,
        (i) => Math.abs((i % 21) - 10),
        (i) => (i % 21 === 0 ? glue : 1),
      );
    for (let round = 0; round < 12; round++)
      tridiagonal(
        30 + random.integer(90),
        () => random.integer(3),
        () => (random.integer(4) === 0 ? 0 : 10 ** -random.integer(17)) * (random.integer(2) === 0 ? -1 : 1),
      );
    tridiagonal(
      120,
      () => 1,
      () => -1e-3,
    );
  });

  it('finds known eigenvalues: clustered, repeated, of both signs, far apart', () => {
    const spectra = [
      Array.from({ length: 150 }, (_, i) => Math.floor(i / 50)),
      Array.from({ length: 120 }, (_, i) => 1 + i * 1e-13),
      Array.from({ length: 100 }, (_, i) => (-1) ** i * 10 ** (-i / 6)),
      Array.from({ length: 90 }, (_, i) => (i < 80 ? 0 : i)),
      Array.from({ length: 64 }, () => 1),
    ];
    for (const [seed, spectrum] of spectra.entries()) {
      const { values } = check(withSpectrum(spectrum, seed), spectrum.length);
      const expected = [...spectrum].sort((a, b) => a - b);
      const norm = Math.max(...expected.map(Math.abs));
      for (const [k, value] of expected.entries())
        assert.ok(Math.abs(values[k]! - value) <= 1e-13 * norm * spectrum.length, `${values[k]} is ${value}`);
    }
  });

  it('decomposes matrices that are diagonal, tridiagonal, zero, of one repeated block, or of one element', () => {
    const n = 100;
    const diagonal = new Float64Array(n * n);
    for (let i = 0; i < n; i++) diagonal[i * n + i] = (i * 37) % 11;
    assert.deepEqual(
      [...check(diagonal, n).values],
      [...diagonal.filter((_, i) => i % (n + 1) === 0)].sort((a, b) => a - b),
    );

    // The second difference has eigenvalues 2 - 2 cos(k pi / (n + 1)).
    const difference = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      difference[i * n + i] = 2;
      if (i > 0) difference[i * n + i - 1] = difference[(i - 1) * n + i] = -1;
    }
    const { values } = check(difference, n);
    for (let k = 0; k < n; k++)
      assert.ok(Math.abs(values[k]! - (2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)))) < 1e-13);

    const repeated = new Float64Array(n * n);
    for (let i = 0; i < n; i += 2) {
      repeated[i * n + i] = repeated[(i + 1) * n + i + 1] = 2;
      repeated[i * n + i + 1] = repeated[(i + 1) * n + i] = 1;
    }
    check(repeated, n);
    assert.deepEqual([...check(new Float64Array(n * n), n).values], [...new Float64Array(n)]);
    assert.deepEqual(symmetricEigen(Float64Array.of(-3), 1), {
      values: Float64Array.of(-3),
      vectors: Float64Array.of(1),
    });
  });

  it('does not depend on the unit: sizes near the ends of float64 work', () => {
    const n = 60;
    const matrix = covariance(n, 20, 5);
    for (const unit of [2 ** -1000, 2 ** -70, 2 ** 900]) {
      const found = symmetricEigen(
        matrix.map((value) => value * unit),
        n,
      );
      assert.deepEqual(found.vectors, symmetricEigen(matrix, n).vectors);
    }
  });

  it('takes float32 and computes in float64', () => {
    const matrix = Float32Array.from(covariance(50, 60, 3));
    assert.deepEqual(symmetricEigen(matrix, 50), check(Float64Array.from(matrix), 50));
  });

  it('refuses what is not finite, and a matrix of another size', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const matrix = covariance(9, 9, 1);
      matrix[4 * 9 + 3] = value;
      assert.throws(
        () => symmetricEigen(matrix, 9),
        (error) => error instanceof UserError && error.code === 'matrix-not-finite' && /\(4, 3\)/.test(error.message),
      );
    }
    assert.throws(() => symmetricEigen(new Float64Array(8), 3), /internal/);
  });
});
