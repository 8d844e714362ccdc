/**
 * clustering/ puts items into groups: one method a file, on plain arrays, the same groups for the same arguments.
 * Groups are numbered from 0 by their first member, one number an item.
 */

/** Sets of items that grow together. */
export interface UnionFind {
  /** The lowest item of the set that holds `item`. */
  find(item: number): number;
  union(a: number, b: number): void;
  /** The lowest item of its set, by item. */
  roots(): Int32Array;
}

/** `count` sets of one item each; the lowest item stands for its set, so results do not depend on the order of unions. */
export function createUnionFind(count: number): UnionFind {
  const parent = Int32Array.from({ length: count }, (_, i) => i);
  const find = (item: number): number => {
    let at = item;
    while (parent[at]! !== at) {
      // Halving the path keeps later walks short.
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  return {
    find,
    union: (a, b) => {
      const [rootA, rootB] = [find(a), find(b)];
      if (rootA < rootB) parent[rootB] = rootA;
      else parent[rootA] = rootB;
    },
    roots: () => Int32Array.from({ length: count }, (_, i) => find(i)),
  };
}

/** Any labels as numbers from 0, in the order of their first item. */
export function numberedGroups(labels: ArrayLike<number>): Int32Array {
  const numbers = new Map<number, number>();
  return Int32Array.from(labels, (label) => {
    const known = numbers.get(label);
    if (known !== undefined) return known;
    numbers.set(label, numbers.size);
    return numbers.size - 1;
  });
}
