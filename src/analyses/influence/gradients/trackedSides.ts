import type { Value } from '../../../graph/ir';
import { buildModuleSides } from '../../../model/buildModuleSides';
import { internalError } from '../../../protocol/errors';
import type { PassValues } from '../../passes/rowPasses';
import type { Column, Columns } from './columns';

/** Both sides of a column, narrowed where the columns are projected. N = B T. */
export interface TrackedSides {
  readonly column: Column;
  /** a_t P_in: [N, in] */
  readonly input: Value;
  /** delta_t P_out: [N, out] */
  readonly pseudoGradient: Value;
}

/** Inputs and pseudo-gradients of the columns, in their order. Projections are feeds, so that seeds share a graph. */
export function trackedSides({ builder, forward, loss }: PassValues, columns: Columns): readonly TrackedSides[] {
  const { kind, list, projection } = columns;
  const found = new Map(
    buildModuleSides(builder, forward, loss.sum, kind).map((values) => [values.module.name, values]),
  );
  const narrowed = (value: Value, feed: string | undefined, width: number): Value => {
    if (feed === undefined) return value;
    const matrix = builder.input(feed, 'float32', [value.shape[1]!, width]);
    return builder.gemm(value, matrix, { transA: 'no', transB: 'no' });
  };
  return list.map((column) => {
    const sides = found.get(column.name);
    if (sides === undefined) throw internalError(`no gradient of ${column.name}`);
    const feeds = projection?.sides.get(column.name);
    return {
      column,
      input: narrowed(sides.input, feeds?.input, column.inputSize),
      pseudoGradient: narrowed(sides.pseudoGradient, feeds?.output, column.outputSize),
    };
  });
}

/** What tells a program over these columns from the same over others: the graph's own, not the projections' values. */
export function columnsKey({ kind, width, projection }: Columns): string {
  return projection === undefined ? `${kind} ${width}` : `${kind} projected ${projection.dimensions} ${width}`;
}
