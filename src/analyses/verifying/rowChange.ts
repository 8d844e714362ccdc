import { createHash } from 'node:crypto';
import { internalError } from '../../protocol/errors';

/** What is different in a retraining. */
export type RowChange =
  /**
   * Factors on rows' losses by row number, 0 taking a row away: the batch keeps its other rows, its denominator, order
   * and rate. What scores predict. No entry: the run as it was.
   */
  | { readonly kind: 'inPlace'; readonly factors: ReadonlyMap<number, number> }
  /** Rows really taken out, by number, and the order of the others drawn anew: what a user's own retraining does. */
  | { readonly kind: 'reshuffled'; readonly removed: readonly number[]; readonly seed: number };

/** The run as it was. */
export const unchanged: RowChange = { kind: 'inPlace', factors: new Map() };

/** Takes rows away in place. */
export function without(rows: Iterable<number>): RowChange {
  return { kind: 'inPlace', factors: new Map([...rows].map((row) => [row, 0])) };
}

/** SHA-256 (hex) of the change: equal changes, in whatever order they were written, share it. */
export function changeHash(change: RowChange): string {
  const hash = createHash('sha256');
  if (change.kind === 'inPlace') {
    const factors = [...change.factors].filter(([, factor]) => factor !== 1).sort(([a], [b]) => a - b);
    if (factors.some(([, factor]) => !Number.isFinite(factor))) throw internalError('a row factor is no finite number');
    hash.update(`in place ${JSON.stringify(factors)}`);
  } else {
    hash.update(`reshuffled ${change.seed} ${JSON.stringify([...new Set(change.removed)].sort((a, b) => a - b))}`);
  }
  return hash.digest('hex');
}
