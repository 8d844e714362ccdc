import type { CrossValidation, HeldOut, LabelTask } from '../linalg/logistic/crossValidate';
import type { WorkerPool } from './createWorkerPool';

/** Features of the same rows, made when their turn comes. */
export interface FeatureMatrix {
  readonly columns: number;
  readonly scaling: CrossValidation['scaling'];
  /** [rows, columns], handed over. */
  readonly read: () => Float32Array<ArrayBuffer>;
}

/**
 * `crossValidate` of many matrices, each on one of the pool's threads. Matrices are read one by one when a thread is free, so
 * that only a few are in memory at a time.
 *
 * @param onDone told after each how many are done
 * @returns by matrix, by task
 */
export async function crossValidateMany(
  matrices: readonly FeatureMatrix[],
  rows: number,
  tasks: readonly LabelTask[],
  validation: Omit<CrossValidation, 'scaling'>,
  pool: WorkerPool,
  onDone: (done: number) => void,
): Promise<(readonly HeldOut[])[]> {
  const results: (readonly HeldOut[])[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < matrices.length) {
      const index = next++;
      const { columns, scaling, read } = matrices[index]!;
      const x = read();
      const input = { x, rows, columns, tasks, validation: { ...validation, scaling } };
      results[index] = await pool.run('crossValidate', input, [x.buffer]);
      onDone(++done);
    }
  };
  await Promise.all(Array.from({ length: pool.threads }, work));
  return results;
}
