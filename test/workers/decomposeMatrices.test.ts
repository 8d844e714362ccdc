import assert from 'node:assert/strict';
import { type Eigen, symmetricEigen } from '../../src/linalg/eigen/symmetricEigen';
import { createRandom } from '../../src/linalg/random';
import { UserError } from '../../src/protocol/errors';
import { createWorkerPool } from '../../src/workers/createWorkerPool';
import { decomposeMatrices } from '../../src/workers/decomposeMatrices';

function symmetric(n: number): Float64Array {
  const random = createRandom(n, 'matrix');
  return Float64Array.from({ length: n * n }, () => random.normal());
}

describe('decomposeMatrices', () => {
  it('gives every matrix the decomposition that one thread gives it', async () => {
    const sizes = [3, 40, 1, 17, 64, 8];
    for (const threads of [1, 2, 9]) {
      const found = new Map<number, Eigen>();
      await decomposeMatrices(
        sizes,
        threads,
        async (index) => symmetric(sizes[index]!),
        async (index, eigen) => {
          found.set(index, eigen);
        },
      );
      for (const [index, n] of sizes.entries()) assert.deepEqual(found.get(index), symmetricEigen(symmetric(n), n));
    }
  });

  it('passes on that a matrix is not finite', async () => {
    await assert.rejects(
      decomposeMatrices(
        [2, 2],
        2,
        async () => Float64Array.of(1, 0, Number.NaN, 1),
        async () => undefined,
      ),
      (error) => error instanceof UserError && error.code === 'matrix-not-finite',
    );
  });
});

describe('createWorkerPool', () => {
  it('a failed task leaves the thread usable, and a released pool refuses work', async () => {
    const pool = createWorkerPool(1);
    try {
      await assert.rejects(pool.run('eigen', { matrix: new Float64Array(3), n: 2 }, []), /internal/);
      const { values } = await pool.run('eigen', { matrix: Float64Array.of(2, 0, 0, 1), n: 2 }, []);
      assert.deepEqual([...values], [1, 2]);
      const running = pool.run('eigen', { matrix: symmetric(400), n: 400 }, []);
      const waiting = pool.run('eigen', { matrix: symmetric(4), n: 4 }, []);
      const both = Promise.all([assert.rejects(running, /released/), assert.rejects(waiting, /released/)]);
      await pool.release();
      await both;
      await assert.rejects(pool.run('eigen', { matrix: symmetric(4), n: 4 }, []), /released/);
    } finally {
      await pool.release();
    }
  });

  it('refuses a number of threads that is none', () => {
    for (const threads of [0, 1.5, 10_000]) assert.throws(() => createWorkerPool(threads), /internal/);
  });
});
