import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';

/** Added to scores that must not count: exp of it is exactly 0, and sums of it stay finite. */
export const masked = -1e30;

/**
 * [rows, columns], 0 where the query (row) sees the key (column), else `masked`. A window w lets a query see itself
 * and the w - 1 positions before it. Made from two ranges at run time, so that long masks take no room in the model;
 * equal masks are one value.
 */
export function causalMask(builder: GraphBuilder, ranges: PositionRanges, window: number | undefined): Value {
  const { rows, columns } = ranges;
  const later = builder.compare('Greater', columns, rows);
  const hidden = (condition: Value): Value => builder.where(condition, builder.scalar(masked), builder.scalar(0));
  if (window === undefined) return hidden(later);
  const outside = builder.compare('Less', columns, builder.sub(rows, builder.scalar(window - 1)));
  return builder.add(hidden(later), hidden(outside));
}

/** first ... end - 1 as a column [end - first, 1] and 0 ... end - 1 as a row [1, end], in float32, which WebGPU compares too. */
export interface PositionRanges {
  readonly rows: Value;
  readonly columns: Value;
}

export function positionRanges(builder: GraphBuilder, first: number, end: number): PositionRanges {
  const range = (from: number, shape: readonly number[]): Value =>
    builder.constant(
      'float32',
      shape,
      Float32Array.from({ length: end - from }, (_, i) => from + i),
    );
  const rows = range(first, [end - first, 1]);
  return { rows, columns: first === 0 ? builder.reshape(rows, [1, end]) : range(0, [1, end]) };
}
