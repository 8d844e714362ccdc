import { words } from '../../text/lexical/words';

/** A word that fewer texts hold than this, and fewer than `frequentShare` of all, fills a blank. */
const frequentTexts = 4;
const frequentShare = 0.01;

/** Words of a template's own at least; what has fewer is a text by itself. */
const fewestOwn = 2;

/**
 * Which template each text was made from, as far as its words tell: numbers and words of few texts are blanks, several
 * in a row one, and texts that are then equal share a template.
 *
 * @returns by text: the template, or undefined where too little is left of it
 */
export function findTemplates(texts: readonly string[]): (string | undefined)[] {
  const split = texts.map(words);
  const counts = new Map<string, number>();
  for (const text of split) for (const word of new Set(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const fewest = Math.max(frequentTexts, frequentShare * texts.length);
  return split.map((text) => {
    const kept: string[] = [];
    for (const word of text) {
      const own = counts.get(word)! >= fewest && !/\p{N}/u.test(word);
      if (own) kept.push(word);
      else if (kept.at(-1) !== blank) kept.push(blank);
    }
    return kept.filter((word) => word !== blank).length < fewestOwn ? undefined : kept.join(' ');
  });
}

const blank = '_';
