/**
 * evaluating/ says how far scores can be believed: it plans which rows are left out, and compares what was predicted with
 * what happened, or with what is known to be true, always with an interval. Pure: it trains nothing and reads nothing.
 */
import { createRandom, shuffled } from '../../linalg/random';
import { inputError, internalError } from '../../protocol/errors';

/** How rows are left out. The two are not comparable; every figure names its own. */
export const dropProtocols = ['leaveOnePercentOut', 'half'] as const;
export type DropProtocol = (typeof dropProtocols)[number];

/** Rows that one drop of the protocol leaves out. */
export function dropSize(protocol: DropProtocol, rows: number): number {
  return protocol === 'half' ? Math.floor(rows / 2) : Math.max(1, Math.round(rows / 100));
}

/**
 * Random drops, each drawn anew from all rows; the first n of more are the same n.
 *
 * @param rows any numbers that stand for rows
 * @returns `count` lists of rows, ascending
 */
export function planDrops(protocol: DropProtocol, rows: readonly number[], count: number, seed: number): number[][] {
  return randomDrops(rows, dropSize(protocol, rows.length), count, seed, protocol);
}

/** Random sets of `size` rows; see {@link planDrops}. */
export function randomDrops(
  rows: readonly number[],
  size: number,
  count: number,
  seed: number,
  stream: string,
): number[][] {
  if (!Number.isInteger(count) || count < 0 || !Number.isInteger(size) || size < 1)
    throw internalError(`${count} drops of ${size} rows`);
  if (size >= rows.length)
    throw inputError(
      'too-few-rows',
      `${size} of ${rows.length} rows cannot be left out.`,
      'Leave out fewer rows, or use a run that was trained on more.',
    );
  return Array.from({ length: count }, (_, drop) =>
    shuffled(rows, createRandom(seed, `${stream} ${drop}`))
      .slice(0, size)
      .sort((a, b) => a - b),
  );
}
