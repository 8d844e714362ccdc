import type { Eigen } from '../linalg/eigen/symmetricEigen';
import { createWorkerPool } from './createWorkerPool';

/** A symmetric matrix [n, n]; only elements with column <= row are read. */
export interface SymmetricMatrix {
  readonly matrix: Float64Array | Float32Array;
  readonly n: number;
}

/**
 * `symmetricEigen` of many matrices, each on one of the threads, the largest first. Matrices are asked for one by one
 * when a thread is free, and results handed out as they come, so that only a few are in memory at a time.
 *
 * @param sizes n of each matrix
 * @param matrix makes matrix `index`
 * @param done takes its decomposition
 * @throws UserError `matrix-not-finite`, or what `matrix` or `done` throw
 */
export async function decomposeMatrices(
  sizes: readonly number[],
  threads: number,
  matrix: (index: number) => Promise<SymmetricMatrix['matrix']>,
  done: (index: number, eigen: Eigen) => Promise<void>,
): Promise<void> {
  const order = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const pool = createWorkerPool(Math.max(1, Math.min(threads, sizes.length)));
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < order.length) {
      const index = order[next++]!;
      await done(index, await pool.run('eigen', { matrix: await matrix(index), n: sizes[index]! }, []));
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.threads }, work));
  } finally {
    await pool.release();
  }
}
