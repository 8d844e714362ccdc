import { createUnionFind } from '../../linalg/clustering/unionFind';
import { type OneWordSettings, oneWordApart } from './oneWordApart';
import { joinResembling, type ResemblanceSettings } from './resemblance';
import { buildWordTable } from './wordTable';

/** When texts count as near-duplicates; saved with the groups. */
export interface NearDuplicateSettings {
  readonly oneWord: OneWordSettings;
  readonly resemblance: ResemblanceSettings;
}

/** Tuned on edited chat rows against rows of templates; `findNearDuplicates` says what they mean. */
export const nearDuplicateSettings: NearDuplicateSettings = {
  oneWord: { fewestWords: 8, mostWords: 128, mostFillers: 3 },
  resemblance: {
    fewestShingles: 10,
    leastJaccard: 0.8,
    widespreadTexts: 20,
    widespreadShare: 0.01,
    // Similarity .8 is missed once in 550, .9 once in 365,000; of texts at .5 half are compared in vain.
    bands: 12,
    rowsOfBand: 4,
    seed: 0,
  },
};

/**
 * Groups of near-duplicate texts, by text: the index of the first text of its group, its own index where it is alone.
 * Texts are near-duplicates when
 *
 * - their words are the same in the same order: they may differ in punctuation, white space and upper case;
 * - or they differ in one word (replaced, added or left out) out of at least `fewestWords`, unless that word has a digit
 *   (another price is other content) or stands in the blank of a template, which more than `mostFillers` words fill;
 * - or, for longer texts, at least `leastJaccard` of their pairs of neighbouring words are the same, pairs that very
 *   many texts hold left aside.
 *
 * Groups are chains: the ends of one may differ more. Work and memory are linear in words. The same texts give the
 * same groups.
 */
export function findNearDuplicates(texts: readonly string[], settings: NearDuplicateSettings): Int32Array {
  const { table, wordings } = buildWordTable(texts);
  const sets = createUnionFind(table.count);
  for (const [a, b] of oneWordApart(table, settings.oneWord)) sets.union(a, b);
  joinResembling(table, settings.resemblance, sets);
  const roots = sets.roots();
  // Wordings are numbered by their first text, and the lowest stands for a set: its first text is the group's first.
  const first = new Map<number, number>();
  return wordings.map((wording, text) => {
    const root = roots[wording]!;
    const known = first.get(root);
    if (known !== undefined) return known;
    first.set(root, text);
    return text;
  });
}
