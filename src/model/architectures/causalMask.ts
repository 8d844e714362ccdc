import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';

/** Added to scores that must not count: exp of it is exactly 0, and sums of it stay finite. */
export const masked = -1e30;

/**
 * [length, length], 0 where the query (row) sees the key (column), else `masked`. A window w lets a query see itself
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

/** 0 ... length - 1 as a column [length, 1] and as a row [1, length], in float32, which WebGPU compares too. */
export interface PositionRanges {
  readonly rows: Value;
  readonly columns: Value;
}

export function positionRanges(builder: GraphBuilder, length: number): PositionRanges {
  const rows = builder.constant(
    'float32',
    [length, 1],
    Float32Array.from({ length }, (_, i) => i),
  );
  return { rows, columns: builder.reshape(rows, [1, length]) };
}
