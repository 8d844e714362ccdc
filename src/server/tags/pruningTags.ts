import type { RowTag } from '../../protocol/editorFindings';
import type { PruningRow } from '../../protocol/pruning';
import type { MarkPreset } from '../../protocol/settings';
import type { KnownLine } from './knownLines';

/** Shares from which a row matters under `quiet`: three times an equal part. */
const quietParts = 3;

/** The tags of lines: `✂ 12%`, the row's share in what the proposal prunes. @param rows in the proposal */
export function pruningTags(
  lines: readonly KnownLine<PruningRow>[],
  rows: number,
  preset: MarkPreset,
): readonly RowTag[] {
  return lines.flatMap(({ line, row, state }) => {
    const { share } = row;
    if (share === null || (preset === 'quiet' && Math.abs(share) * rows < quietParts)) return [];
    const stale = state === 'stale' ? '~' : ' ';
    const percent = `${(100 * share).toFixed(Math.abs(share) < 0.0995 ? 1 : 0)}%`.padStart(5);
    const strength = Math.min(1, Math.abs(share));
    return [{ line, analysis: 'pruning', text: `${stale}✂${percent}`, tone: 'proposed', strength, state } as const];
  });
}
