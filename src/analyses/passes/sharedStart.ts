/** Fewer tokens are not worth a graph that computes them apart. */
const fewest = 8;

/**
 * How many tokens all rows begin with, so that they need be computed but once: what a chat template puts before the first
 * message. At least one token of every row is its own; 0 where there are fewer than eight.
 */
export function sharedStart(rows: readonly Int32Array[]): number {
  const [first, ...others] = rows;
  if (first === undefined) return 0;
  let shared = first.length - 1;
  for (const ids of others) {
    shared = Math.min(shared, ids.length - 1);
    for (let t = 0; t < shared; t++) if (ids[t] !== first[t]) shared = t;
  }
  return shared < fewest ? 0 : shared;
}
