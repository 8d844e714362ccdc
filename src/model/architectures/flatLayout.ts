import type { GraphBuilder } from '../../graph/builder';
import type { Value } from '../../graph/ir';

/** Tokens of a pass one after another, as the stack reads them. B rows of T tokens that share S tokens before them. */
export interface FlatLayout {
  /** Of the stack: B, or 1 where tokens are shared, because all of them then are one row of N = S + B T. */
  readonly batch: number;
  /** T, or N. */
  readonly length: number;
  /** S + T */
  readonly positions: number;
  /** [N] from ids [B, T] and shared ids [S]. */
  readonly ids: (rows: Value, shared: Value | undefined) => Value;
  /** Values of positions [S + T, ...] at every token of a row of the stack: [length, ...]. */
  readonly at: (values: Value) => Value;
  /** Shared tokens [1, S, heads, D] and rows [B, T, heads, D] of values [1, N, heads, D]. */
  readonly split: (values: Value) => SplitValues;
  /** Rows with the shared tokens before each: [B, S + T, heads, D]. */
  readonly afterShared: (values: SplitValues) => Value;
}

export interface SplitValues {
  readonly shared: Value;
  readonly rows: Value;
}

/** Where tokens lie in a pass over `batch` rows of `length` tokens after `shared` common ones. */
export function flatLayout(builder: GraphBuilder, batch: number, length: number, shared: number): FlatLayout {
  const all = shared + batch * length;
  const flat = (ids: Value): Value => builder.reshape(ids, [batch * length]);
  const split = (values: Value): SplitValues => {
    const [, , heads, size] = values.shape as readonly [number, number, number, number];
    return {
      shared: builder.slice(values, 1, 0, shared),
      rows: builder.reshape(builder.slice(values, 1, shared, all), [batch, length, heads, size]),
    };
  };
  const afterShared = ({ shared: before, rows }: SplitValues): Value => {
    const [, , heads, size] = rows.shape as readonly [number, number, number, number];
    return builder.concat([builder.expand(before, [batch, shared, heads, size]), rows], 1);
  };
  if (shared === 0) return { batch, length, positions: length, ids: flat, at: (values) => values, split, afterShared };
  const positionOfToken = builder.int64(
    Array.from({ length: all }, (_, i) => (i < shared ? i : shared + ((i - shared) % length))),
    [all],
  );
  const gathered = new Map<Value, Value>();
  return {
    batch: 1,
    length: all,
    positions: shared + length,
    ids: (rows, before) => (before === undefined ? flat(rows) : builder.concat([before, flat(rows)], 0)),
    at: (values) => {
      const known = gathered.get(values) ?? builder.gatherRows(values, positionOfToken);
      gathered.set(values, known);
      return known;
    },
    split,
    afterShared,
  };
}
