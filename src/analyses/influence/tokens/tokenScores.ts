import type { Value } from '../../../graph/ir';
import { type PassContext, type PassProgram, plainInputs, planRowPasses, runRowPasses } from '../../passes/rowPasses';
import type { Columns } from '../gradients/columns';
import type { WeightedTokens } from '../gradients/rowGradients';
import { columnsKey, trackedSides } from '../gradients/trackedSides';

const directionName = 'direction';

/**
 * How each position of a row contributes to its score: sum over modules of delta_t^T U a_t, with U the query's direction
 * in the module's shape [out, in]. The positions of a row add up to its score. They credit input positions, prompt
 * included: position t is where something was read, not which target was learned.
 *
 * @param direction [width], as in `Estimate.directions`
 * @returns one array a row, one number a token
 */
export async function computeTokenScores(
  rows: readonly WeightedTokens[],
  batchSize: number | null,
  direction: Float32Array,
  columns: Columns,
  context: PassContext,
): Promise<Float32Array[]> {
  const scores = new Array<Float32Array>(rows.length);
  const plan = planRowPasses(rows, batchSize, context.model.config);
  const inputs = {
    ...plainInputs,
    factors: (row: number) => rows[row]!.weight,
    extra: () => ({ [directionName]: direction, ...columns.projection?.feeds }),
  };
  await runRowPasses(rows, plan, tokenProgram(columns), context, inputs, ({ rows: pass, shape, outputs }) => {
    const found = outputs.scores as Float32Array;
    for (const [i, row] of pass.entries()) {
      const start = i * shape.length;
      scores[row] = found.slice(start, start + rows[row]!.ids.length);
    }
  });
  return scores;
}

/** [N]: one number a position. */
function tokenProgram(columns: Columns): PassProgram {
  return {
    key: `token scores ${columnsKey(columns)}`,
    outputs: (values) => {
      const { builder } = values;
      const direction = builder.input(directionName, 'float32', [columns.width]);
      const total = trackedSides(values, columns)
        .map(({ column, input, pseudoGradient }): Value => {
          const { offset, size, inputSize, outputSize } = column;
          const matrix = builder.reshape(builder.slice(direction, 0, offset, offset + size), [outputSize, inputSize]);
          const moved = builder.gemm(pseudoGradient, matrix, { transA: 'no', transB: 'no' });
          return builder.reduceSum(builder.mul(moved, input), [1], 'drop');
        })
        .reduce((sum, part) => builder.add(sum, part));
      return [{ name: 'scores', value: total }];
    },
  };
}
