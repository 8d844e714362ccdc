/** Floats of a cache line. */
const line = 16;
/** Columns of a block at most, an odd number of cache lines: a few hundred positions of it stay in a processor's cache. */
const mostColumns = 255 * line;

/**
 * Cuts a vocabulary into blocks [start, end). Their length is an odd number of cache lines: rows of logits that are a
 * multiple of 4096 bytes apart, as with most vocabularies, meet in the same sets of the cache and drive each other out.
 */
export function vocabularyBlocks(vocabulary: number): readonly (readonly [number, number])[] {
  const evenly = vocabulary / Math.ceil(vocabulary / mostColumns);
  const lines = Math.ceil(evenly / line);
  const size = line * (lines % 2 === 0 ? lines + 1 : lines);
  if (size >= vocabulary) return [[0, vocabulary]];
  return Array.from({ length: Math.ceil(vocabulary / size) }, (_, block) => [
    block * size,
    Math.min(vocabulary, (block + 1) * size),
  ]);
}
