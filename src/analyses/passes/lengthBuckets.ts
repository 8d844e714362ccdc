import { type LengthLimits, sameSide } from '../training/lengthLimits';
import { type PassShape, type PassSize, roundUp, roundUpLength } from '../training/planShapes';

/** Rows that share a static shape, in the passes that they go through. */
export interface LengthBucket {
  readonly shape: PassShape;
  /** Numbers of each pass's rows. */
  readonly passes: readonly (readonly number[])[];
}

/** What one more session costs to create, in padded tokens that it must save to pay (measured: 250 to 1,000). */
const sessionCostInTokens = 512;

/** Lengths that cuts are looked for at; finer ones are rounded up. */
const mostLengths = 160;

/**
 * Cuts rows into buckets of like length, each padded to a static shape of its own, so that padding and sessions together
 * cost least. Within a bucket, passes get about equally many trained tokens: all are padded to the most. Longest first, so
 * that what does not fit fails at once.
 *
 * @param sizes of each row
 * @param mostRows rows of one pass at most, of rows of a length
 */
export function lengthBuckets(
  sizes: readonly Pick<PassSize, 'length' | 'trained'>[],
  mostRows: (length: number) => number,
  limits: LengthLimits,
): LengthBucket[] {
  if (sizes.length === 0) return [];
  const rounded = roundLengths(
    sizes.map(({ length }) => length),
    limits,
  );
  const byLength = new Map<number, number[]>();
  for (const [row, length] of rounded.entries()) {
    const alike = byLength.get(length);
    if (alike === undefined) byLength.set(length, [row]);
    else alike.push(row);
  }
  const lengths = [...byLength.keys()].sort((a, b) => a - b);
  const cuts = cheapestCuts(
    lengths,
    lengths.map((length) => byLength.get(length)!.length),
    mostRows,
    limits,
  );
  return cuts
    .map(({ from, to }): LengthBucket => {
      const rows = lengths.slice(from, to + 1).flatMap((length) => byLength.get(length)!);
      const length = lengths[to]!;
      const count = Math.ceil(rows.length / mostRows(length));
      const passes = deal(rows, count, (row) => sizes[row]!.trained);
      const trained = passes.map((pass) => pass.reduce((sum, row) => sum + sizes[row]!.trained, 0));
      const batch = passes.reduce((most, pass) => Math.max(most, pass.length), 0);
      return { passes, shape: { batch, length, trained: roundUp(Math.max(1, ...trained)) } };
    })
    .reverse();
}

/** Lengths rounded up, coarser where there would be too many. */
function roundLengths(lengths: readonly number[], limits: LengthLimits): number[] {
  for (let grain = 1; ; grain *= 2) {
    const rounded = lengths.map((length) => roundUpLength(length, limits, grain));
    if (grain > 2 ** 17 || new Set(rounded).size <= mostLengths) return rounded;
  }
}

interface Cut {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/** Ranges of lengths, ascending, whose padded tokens and sessions cost least: a shortest path over all cuts. */
function cheapestCuts(
  lengths: readonly number[],
  counts: readonly number[],
  mostRows: (length: number) => number,
  limits: LengthLimits,
): Cut[] {
  const best: { readonly cost: number; readonly cut: Cut | undefined }[] = [{ cost: 0, cut: undefined }];
  for (const [to, length] of lengths.entries()) {
    let found = { cost: Number.POSITIVE_INFINITY, cut: undefined as Cut | undefined };
    let rows = 0;
    for (let from = to; from >= 0 && sameSide(lengths[from]!, length, limits); from--) {
      rows += counts[from]!;
      const passes = Math.ceil(rows / mostRows(length));
      const padded = passes * Math.ceil(rows / passes) * length;
      const cost = best[from]!.cost + padded + sessionCostInTokens;
      if (cost < found.cost) found = { cost, cut: { from, to } };
    }
    best.push(found);
  }
  const cuts: Cut[] = [];
  for (let { cut } = best.at(-1)!; cut !== undefined; { cut } = best[cut.from]!) cuts.push(cut);
  return cuts.reverse();
}

/** Deals rows out to `count` passes of almost equal size, heavy ones first and back and forth, so that weights are alike. */
function deal(rows: readonly number[], count: number, weight: (row: number) => number): number[][] {
  const order = [...rows].sort((a, b) => weight(b) - weight(a) || a - b);
  const passes = Array.from({ length: count }, (): number[] => []);
  for (const [i, row] of order.entries()) {
    const lap = Math.floor(i / count);
    const place = i % count;
    passes[lap % 2 === 0 ? place : count - 1 - place]!.push(row);
  }
  return passes.map((pass) => pass.sort((a, b) => a - b));
}
