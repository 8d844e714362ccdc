import { internalError } from '../../protocol/errors';
import { createUnionFind, numberedGroups } from './unionFind';

/** Two groups that become one. Items stand for the groups that hold them. */
export interface Merge {
  readonly first: number;
  readonly second: number;
  /** Mean similarity of the pairs across both groups. */
  readonly similarity: number;
}

/**
 * Agglomerative clustering by mean similarity between groups (UPGMA), by chains of nearest neighbours (Murtagh 1983;
 * Müllner 2011): O(n^2) time and one copy of the matrix.
 *
 * @param similarities [count, count], symmetric, higher for more alike; left as it is
 * @returns count - 1 merges; those above any similarity are the tree cut there
 */
export function averageLinkage(similarities: Float32Array, count: number): Merge[] {
  if (similarities.length !== count * count)
    throw internalError(`${similarities.length} similarities of ${count} items`);
  const between = similarities.slice();
  const sizes = new Uint32Array(count).fill(1);
  /** Items that still stand for a group, ascending. */
  const alive = Uint32Array.from({ length: count }, (_, i) => i);
  let groups = count;
  const merges: Merge[] = [];
  const chain: number[] = [];
  while (groups > 1) {
    if (chain.length === 0) chain.push(alive[0]!);
    const end = chain[chain.length - 1]!;
    const before = chain[chain.length - 2];
    // Where several are nearest, the chain goes back: otherwise it might walk in circles.
    let nearest = before ?? -1;
    let similarity = before === undefined ? Number.NEGATIVE_INFINITY : between[end * count + before]!;
    for (let i = 0; i < groups; i++) {
      const other = alive[i]!;
      if (other === end || !(between[end * count + other]! > similarity)) continue;
      nearest = other;
      similarity = between[end * count + other]!;
    }
    if (nearest < 0) throw internalError('a similarity is not a number');
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const [kept, gone] = end < nearest ? [end, nearest] : [nearest, end];
    merges.push({ first: kept, second: gone, similarity });
    const total = sizes[kept]! + sizes[gone]!;
    const [shareKept, shareGone] = [sizes[kept]! / total, sizes[gone]! / total];
    sizes[kept] = total;
    groups--;
    alive.copyWithin(alive.indexOf(gone), alive.indexOf(gone) + 1, groups + 1);
    for (let i = 0; i < groups; i++) {
      const other = alive[i]!;
      if (other === kept) continue;
      const value = shareKept * between[kept * count + other]! + shareGone * between[gone * count + other]!;
      between[kept * count + other] = value;
      between[other * count + kept] = value;
    }
  }
  return merges;
}

/** Groups of the items that merges of at least `leastSimilarity` join. */
export function cutMerges(merges: readonly Merge[], count: number, leastSimilarity: number): Int32Array {
  const sets = createUnionFind(count);
  for (const { first, second, similarity } of merges) if (similarity >= leastSimilarity) sets.union(first, second);
  return numberedGroups(sets.roots());
}
