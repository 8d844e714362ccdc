import type { EncodedQuery } from '../../measuring/encodeQuery';
import { type PassContext, planRowPasses } from '../../passes/rowPasses';
import type { Columns } from './columns';
import { computeRowGradients } from './rowGradients';

export interface QueryGradients {
  /** [queries, width]: gradient of minus the measurement, so that its product with a row's gradient is positive where training on the row raises the measurement. */
  readonly gradients: Float32Array;
  /** Value of each measurement, nats. */
  readonly measurements: readonly number[];
}

/** Values of a gradient above which queries go one by one. */
const widestTogether = 2 ** 24;

/** Gradients of queries with respect to the tracked modules. */
export async function computeQueryGradients(
  queries: readonly EncodedQuery[],
  batchSize: number | null,
  columns: Columns,
  context: PassContext,
): Promise<QueryGradients> {
  const { width } = columns;
  const parts = queries.flatMap(({ parts }, query) =>
    parts.map(({ row, factor }) => ({ ids: row.ids, labels: row.labels, weight: factor, query })),
  );
  const gradients = new Float32Array(queries.length * width);
  const measurements = queries.map(() => 0);
  const plan = planRowPasses(parts, width > widestTogether ? 1 : batchSize, context.model.config);
  await computeRowGradients(parts, plan, columns, context, (pass) => {
    for (const [i, part] of pass.rows.entries()) {
      const { query } = parts[part]!;
      measurements[query]! -= pass.losses[i]!;
      for (let j = 0; j < width; j++) gradients[query * width + j]! += pass.gradients[i * width + j]!;
    }
  });
  return { gradients, measurements };
}
