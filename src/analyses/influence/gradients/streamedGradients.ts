import { rowProducts } from '../../../model/buildModuleSides';
import { type PassContext, type PassProgram, planRowPasses, runRowPasses } from '../../passes/rowPasses';
import type { Columns } from './columns';
import type { GradientMatrix } from './gradientMatrix';
import { computeRowGradients, type WeightedTokens } from './rowGradients';
import { columnsKey, trackedSides } from './trackedSides';

const directionsName = 'directions';

/** Bytes of gradients that a block of `forEachBlock` holds at most, one row aside. */
const mostBlockBytes = 2 ** 28;

/** Directions that go through the rows together, by their bytes. */
const mostDirectionBytes = 2 ** 30;

/** Products of each row's gradient with directions, sum_t delta_t^T U a_t over all modules: [count, B]; no gradient leaves. */
export function scoreProgram(columns: Columns, count: number): PassProgram {
  return {
    key: `scores ${columnsKey(columns)} ${count}`,
    outputs: (values) => {
      const { builder, shape } = values;
      const directions = builder.input(directionsName, 'float32', [count, columns.width]);
      const parts = trackedSides(values, columns).map(({ column: { offset, size }, input, pseudoGradient }) => {
        const gradients = builder.reshape(rowProducts(builder, shape.batch, pseudoGradient, input), [
          shape.batch,
          size,
        ]);
        const own = builder.slice(directions, 1, offset, offset + size);
        return builder.gemm(own, gradients, { transA: 'no', transB: 'yes' });
      });
      return [{ name: 'scores', value: parts.reduce((sum, part) => builder.add(sum, part)) }];
    },
  };
}

/** A gradient matrix that is computed whenever it is asked for: for modules too wide to be stored. */
export function streamedGradients(
  rows: readonly WeightedTokens[],
  batchSize: number | null,
  columns: Columns,
  context: PassContext,
  onRows: (done: number, total: number) => void,
): GradientMatrix {
  const { width } = columns;
  const { config } = context.model;
  const scan = async (directions: Float32Array, count: number): Promise<Float32Array> => {
    const scores = new Float32Array(count * rows.length);
    const inputs = { factors: (row: number) => rows[row]!.weight, extra: () => ({ [directionsName]: directions }) };
    const plan = planRowPasses(rows, batchSize, config);
    let done = 0;
    await runRowPasses(rows, plan, scoreProgram(columns, count), context, inputs, ({ rows: pass, shape, outputs }) => {
      const found = outputs.scores as Float32Array;
      for (let q = 0; q < count; q++)
        for (const [i, row] of pass.entries()) scores[q * rows.length + row] = found[q * shape.batch + i]!;
      done += pass.length;
      onRows(done, rows.length);
    });
    return scores;
  };
  return {
    columns,
    rows: rows.length,
    scan: async (directions, count) => {
      const scores = new Float32Array(count * rows.length);
      const together = Math.max(1, Math.floor(mostDirectionBytes / (4 * width)));
      for (let first = 0; first < count; first += together) {
        const here = Math.min(together, count - first);
        const some = directions.subarray(first * width, (first + here) * width);
        scores.set(await scan(some, here), first * rows.length);
      }
      return scores;
    },
    forEachBlock: async (visit) => {
      const blockRows = Math.max(1, Math.floor(mostBlockBytes / (4 * width)));
      for (let first = 0; first < rows.length; first += blockRows) {
        const some = rows.slice(first, first + blockRows);
        const values = new Float32Array(some.length * width);
        const plan = planRowPasses(some, Math.min(blockRows, batchSize ?? blockRows), config);
        await computeRowGradients(some, plan, columns, context, (pass) => {
          for (const [i, row] of pass.rows.entries())
            values.set(pass.gradients.subarray(i * width, (i + 1) * width), row * width);
        });
        await visit(first, some.length, values);
      }
    },
  };
}
