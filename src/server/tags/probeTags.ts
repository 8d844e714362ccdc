import type { RowTag } from '../../protocol/editorFindings';
import type { ProbedRow } from '../../protocol/probing';
import type { MarkPreset } from '../../protocol/settings';
import type { KnownLine } from './knownLines';

/** Characters of a label at most. */
const longestLabel = 12;

/**
 * The tags of lines: `◆ harmful .93`, what the probe predicts of a row it never saw and how sure it is; `◇` where that
 * is not the row's label. `quiet` shows those alone.
 *
 * @param labelWidth of the longest label, see `probeLabelWidth`
 */
export function probeTags(
  lines: readonly KnownLine<ProbedRow>[],
  labelWidth: number,
  preset: MarkPreset,
): readonly RowTag[] {
  return lines.flatMap(({ line, row, state }) => {
    if (preset === 'quiet' && !row.disagrees) return [];
    const stale = state === 'stale' ? '~' : ' ';
    const label = row.predicted.slice(0, longestLabel).padEnd(labelWidth);
    const text = `${stale}${row.disagrees ? '◇' : '◆'} ${label} ${shareText(confidence(row))}`;
    const tone = row.disagrees ? 'disagrees' : 'agrees';
    return [{ line, analysis: 'probe', text, tone, strength: confidence(row), state } as const];
  });
}

export function probeLabelWidth(labels: readonly string[]): number {
  return labels.reduce((most, label) => Math.max(most, Math.min(label.length, longestLabel)), 0);
}

/** p(prediction): where it is not the label, from p(label) and the margin log p(label) - log p(prediction). */
export function confidence({ probability, margin, disagrees }: ProbedRow): number {
  return disagrees ? Math.min(1, probability * Math.exp(-margin)) : probability;
}

/** `.93`, `1.0`: three characters. */
function shareText(share: number): string {
  return share >= 0.995 ? '1.0' : share.toFixed(2).slice(1);
}
