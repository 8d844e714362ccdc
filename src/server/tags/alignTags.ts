import type { Analysis, RowTag } from '../../protocol/editorFindings';

const analyses: readonly Analysis[] = ['influence', 'probe', 'pruning'];

/**
 * Gives every row a tag of each analysis that tags any of them, blank where it says nothing, so that rows stay aligned.
 *
 * @param rows 0-based lines that hold a row
 * @returns by line; of one line in the order influence, probe, pruning
 */
export function alignTags(tags: readonly RowTag[], rows: readonly number[]): readonly RowTag[] {
  const blanks = analyses.flatMap((analysis) => {
    const own = tags.filter((tag) => tag.analysis === analysis);
    if (own.length === 0) return [];
    const text = ' '.repeat(Math.max(...own.map((tag) => tag.text.length)));
    const tagged = new Set(own.map(({ line }) => line));
    return rows
      .filter((line) => !tagged.has(line))
      .map((line): RowTag => ({ line, analysis, text, tone: 'none', strength: 0, state: 'current' }));
  });
  const place = (tag: RowTag): number => analyses.indexOf(tag.analysis);
  return [...tags, ...blanks].sort((a, b) => a.line - b.line || place(a) - place(b));
}
