import { rowProducts } from '../../../model/buildModuleSides';
import type { EncodedQuery } from '../../measuring/encodeQuery';
import { notFinite } from '../../notFinite';
import {
  type PassContext,
  type PassInputs,
  type PassProgram,
  planRowPasses,
  runRowPasses,
} from '../../passes/rowPasses';
import type { Columns } from './columns';
import { columnsKey, trackedSides } from './trackedSides';

export interface QueryGradients {
  /** [queries, width]: gradient of minus the measurement, so that its product with a row's gradient is positive where training on the row raises the measurement. */
  readonly gradients: Float32Array;
  /** Value of each measurement, nats. */
  readonly measurements: readonly number[];
}

/** Values of a gradient above which the sessions of queries are not kept beside those of rows. */
const widestBeside = 2 ** 21;

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
  const inputs: PassInputs = {
    factors: (part) => parts[part]!.weight,
    extra: () => columns.projection?.feeds ?? {},
  };
  await runRowPasses(parts, plan, moduleGradientProgram(columns), context, inputs, ({ rows: pass, outputs }) => {
    const losses = (outputs.losses as Float32Array).subarray(0, pass.length);
    if (losses.some((loss) => !Number.isFinite(loss))) throw notFinite(context.model.label);
    for (const [i, part] of pass.entries()) {
      const { query } = parts[part]!;
      measurements[query]! -= losses[i]!;
      for (const { name, offset, size } of columns.list) {
        const of = outputs[name] as Float32Array;
        const start = query * width + offset;
        for (let j = 0; j < size; j++) gradients[start + j]! += of[i * size + j]!;
      }
    }
  });
  // What comes next is another program over far more rows: a wide model's workspace would stand beside its own.
  if (width > widestBeside) await context.sessions.releaseAll();
  return { gradients, measurements };
}

/** Gradients of each module [B, size] and losses [B] of a batch: wide ones are not copied into one another's rows. */
function moduleGradientProgram(columns: Columns): PassProgram {
  return {
    key: `module gradients ${columnsKey(columns)}`,
    outputs: (values) => [
      ...trackedSides(values, columns).map(({ column: { name, size }, input, pseudoGradient }) => {
        const { builder, shape } = values;
        const gradient = rowProducts(builder, shape.batch, pseudoGradient, input);
        return { name, value: builder.reshape(gradient, [shape.batch, size]) };
      }),
      { name: 'losses', value: values.loss.rowLosses },
    ],
  };
}
