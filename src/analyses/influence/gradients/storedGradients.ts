import type { VectorIndex } from '../../../store/openVectorIndex';
import type { VectorIndexDescription } from '../../../store/vectorDescription';
import type { PassContext } from '../../passes/rowPasses';
import { planRowPasses } from '../../passes/rowPasses';
import type { Columns } from './columns';
import type { GradientMatrix } from './gradientMatrix';
import { computeRowGradients, type WeightedTokens } from './rowGradients';

/** A row of an index: equal rows share their gradient. */
export interface IndexedRow extends WeightedTokens {
  readonly encodingHash: string;
}

/** What is kept beside each vector. */
export const gradientScalars = ['loss', 'norm'] as const;

/** The index of row gradients of a model's columns, whole or projected. */
export function gradientIndexDescription(
  modelHash: string,
  columns: Columns,
  element: 'float16' | 'float32',
): VectorIndexDescription {
  const { kind: tracked, projection } = columns;
  return {
    kind: projection === undefined ? 'gradients' : 'projections',
    modelHash,
    settings:
      projection === undefined ? { tracked } : { tracked, seed: projection.seed, dimensions: projection.dimensions },
    element,
    columns: columns.list.map(({ name, outputSize, inputSize }) => ({ name, shape: [outputSize, inputSize] })),
    scalars: [...gradientScalars],
  };
}

/**
 * Computes and appends the gradients that the index lacks. Killed at any moment, what was flushed stays.
 *
 * @returns number of rows computed
 */
export async function indexRowGradients(
  index: VectorIndex,
  rows: readonly IndexedRow[],
  batchSize: number | null,
  columns: Columns,
  context: PassContext,
  onRows: (done: number, total: number) => void,
): Promise<number> {
  const lacking = rowsLacking(index, rows);
  const plan = planRowPasses(lacking, batchSize, context.model.config);
  const { width } = columns;
  let done = 0;
  onRows(0, lacking.length);
  await computeRowGradients(lacking, plan, columns, context, async (pass) => {
    const scalars = new Float32Array(pass.rows.length * gradientScalars.length);
    for (const i of pass.rows.keys()) {
      let squared = 0;
      for (let j = i * width; j < (i + 1) * width; j++) squared += pass.gradients[j]! ** 2;
      scalars.set([pass.losses[i]!, Math.sqrt(squared)], i * gradientScalars.length);
    }
    await index.append(
      pass.rows.map((row) => lacking[row]!.encodingHash),
      pass.gradients,
      scalars,
    );
    done += pass.rows.length;
    onRows(done, lacking.length);
  });
  await index.finish();
  return lacking.length;
}

/** The first row of each hash that the index lacks, in order. */
export function rowsLacking<R extends { readonly encodingHash: string }>(index: VectorIndex, rows: readonly R[]): R[] {
  const missing = new Set(index.missing(rows.map(({ encodingHash }) => encodingHash)));
  return rows.filter(({ encodingHash }) => missing.delete(encodingHash));
}

/** Rows read from the index as they are needed, block by block: bounded memory at the price of reading again. */
export function storedGradients(index: VectorIndex, hashes: readonly string[], columns: Columns): GradientMatrix {
  const { width } = columns;
  const blockRows = Math.max(1, Math.min(64, Math.floor(2 ** 26 / (4 * width))));
  const forEachBlock: GradientMatrix['forEachBlock'] = (visit) =>
    index.readBlocks(hashes, blockRows, ({ start, rows, values }) => visit(start, rows, values));
  return {
    columns,
    rows: hashes.length,
    forEachBlock,
    scan: async (queries, count) => {
      const scores = new Float32Array(count * hashes.length);
      await forEachBlock((first, rows, values) => {
        for (let q = 0; q < count; q++) {
          for (let i = 0; i < rows; i++) {
            scores[q * hashes.length + first + i] = dotAt(queries, q * width, values, i * width, width);
          }
        }
      });
      return scores;
    },
  };
}

/** Four partial sums: fewer roundings than one, and less waiting. */
export function dotAt(a: Float32Array, aStart: number, b: Float32Array, bStart: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const even = length - (length % 4);
  for (let i = 0; i < even; i += 4) {
    s0 += a[aStart + i]! * b[bStart + i]!;
    s1 += a[aStart + i + 1]! * b[bStart + i + 1]!;
    s2 += a[aStart + i + 2]! * b[bStart + i + 2]!;
    s3 += a[aStart + i + 3]! * b[bStart + i + 3]!;
  }
  for (let i = even; i < length; i++) s0 += a[aStart + i]! * b[bStart + i]!;
  return s0 + s1 + s2 + s3;
}
