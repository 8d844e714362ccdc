/**
 * Words that say nothing of a subject: pronouns, determiners, prepositions, conjunctions, auxiliaries, question words,
 * common adverbs, words of assent and negation. Everything else is a content word.
 */
export const stopWords: ReadonlySet<string> = new Set(
  (
    'i you he she it we they me him her us them my your his its our their mine yours myself yourself themselves one ' +
    'someone anyone no nobody nothing something anything all any some each every other another such ' +
    'a an the this that these those here there then than now soon again once ' +
    'who what which when where why how if so as because while before after until ' +
    'and or but not nor yes no okay ok sure well of course please just only too very also even still more most much many any long ' +
    'do does did done be am is are was were been being have has had can could will would shall should may might must let ' +
    'to in on at by for from with without about into out off up down over under near of as like go'
  ).split(' '),
);

/** The word's form for comparison: lower case, without a plural or verb ending. */
function stem(word: string): string {
  return word.replace(/(?:ing|ed|es|s)$/, (ending) => (word.length - ending.length >= 3 ? '' : ending));
}

/** Content words of a text, stemmed. */
export function contentWords(text: string): Set<string> {
  const found = text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
  return new Set(found.filter((word) => !stopWords.has(word)).map(stem));
}

/** Share of the words that two texts have in common: intersection over union. */
export function wordOverlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common += 1;
  return common / (a.size + b.size - common);
}
