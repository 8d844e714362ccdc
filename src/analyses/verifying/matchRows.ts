import type { TrainingRow } from '../training/trainingRow';

/** What tells rows of a data file apart. */
export interface MatchableRow {
  readonly encodingHash: string;
  readonly address: { readonly row: number };
}

/**
 * The number under which the run trained each row of the data as it is now; undefined where it never did. Rows are told
 * by their tokens, equal ones by their place: the same row number first, then in order.
 */
export function matchRows(
  rows: readonly MatchableRow[],
  trained: ReadonlyMap<number, TrainingRow>,
): (number | undefined)[] {
  const free = new Map<string, TrainingRow[]>();
  for (const row of trained.values()) {
    const { encodingHash } = row.encoded;
    const others = free.get(encodingHash);
    if (others === undefined) free.set(encodingHash, [row]);
    else others.push(row);
  }
  const take = ({ encodingHash }: MatchableRow, choose: (row: TrainingRow) => boolean): number | undefined => {
    const candidates = free.get(encodingHash);
    const place = candidates?.findIndex(choose) ?? -1;
    return place < 0 ? undefined : candidates!.splice(place, 1)[0]!.number;
  };
  const exact = rows.map((row) => take(row, (candidate) => candidate.row === row.address.row));
  return rows.map((row, i) => exact[i] ?? take(row, () => true));
}
