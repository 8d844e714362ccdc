import { internalError } from '../../protocol/errors';
import { createUnionFind, numberedGroups } from './unionFind';

export interface MutualNeighbourSettings {
  /** How many nearest items count as an item's neighbours. */
  readonly neighbours: number;
  /** Least similarity of two items that are joined. */
  readonly leastSimilarity: number;
  /** How many neighbours two items must share to be joined (Jarvis and Patrick 1973); 0 asks for none. */
  readonly leastShared: number;
}

/**
 * Connected groups of the graph that joins two items when each is among the other's nearest, they are similar enough
 * and share enough neighbours. It adapts to kinds of different density, where one cut of a tree does not; an item at the
 * edge of its kind, that is nobody's nearest, stays alone.
 *
 * @param similarities [count, count], symmetric, higher for more alike
 */
export function mutualNeighbours(
  similarities: Float32Array,
  count: number,
  { neighbours, leastSimilarity, leastShared }: MutualNeighbourSettings,
): Int32Array {
  if (similarities.length !== count * count)
    throw internalError(`${similarities.length} similarities of ${count} items`);
  if (!Number.isInteger(neighbours) || neighbours < 1) throw internalError(`${neighbours} neighbours`);
  const lists = Array.from({ length: count }, (_, item) => nearest(similarities, count, item, neighbours));
  const members = lists.map((list) => new Set(list));
  const sets = createUnionFind(count);
  lists.forEach((list, item) => {
    for (const other of list) {
      if (other < item || !members[other]!.has(item) || similarities[item * count + other]! < leastSimilarity) continue;
      const shared = list.reduce((sum, third) => sum + (members[other]!.has(third) ? 1 : 0), 0);
      if (shared >= leastShared) sets.union(item, other);
    }
  });
  return numberedGroups(sets.roots());
}

/** The items most similar to one, best first; equal ones by their number. */
function nearest(similarities: Float32Array, count: number, item: number, neighbours: number): number[] {
  const row = similarities.subarray(item * count, (item + 1) * count);
  const best: number[] = [];
  for (let other = 0; other < count; other++) {
    if (other === item) continue;
    const value = row[other]!;
    if (best.length === neighbours && value <= row[best[best.length - 1]!]!) continue;
    let at = best.length;
    while (at > 0 && row[best[at - 1]!]! < value) at--;
    best.splice(at, 0, other);
    if (best.length > neighbours) best.pop();
  }
  return best;
}
