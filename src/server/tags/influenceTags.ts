import { rankedTag, strengthOf } from '../../protocol/display/rowTag';
import type { RowTag, StripMark } from '../../protocol/editorFindings';
import type { TracedRow } from '../../protocol/influence';
import type { MarkPreset } from '../../protocol/settings';
import type { KnownLine } from './knownLines';

/** What the scores of one file's rows are measured by. */
export interface TagScale {
  /** Largest absolute score. */
  readonly strongest: number;
  /** Digits of the largest rank. */
  readonly rankWidth: number;
}

export function tagScale(rows: readonly TracedRow[]): TagScale {
  const strongest = rows.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
  return { strongest, rankWidth: `${rows.length}`.length };
}

/** Rows that count as the strongest ones under `quiet`. */
const quietRows = 20;

/** The tags of lines: `▲ 1 ███▌`, `~` in front where the row was edited since. */
export function influenceTags(
  lines: readonly KnownLine<TracedRow>[],
  { strongest, rankWidth }: TagScale,
  preset: MarkPreset,
): readonly RowTag[] {
  const blank = ' '.repeat(rankWidth + 8);
  return lines.flatMap(({ line, row, state }) => {
    const shown = isShown(row, preset);
    if (!shown && preset === 'quiet') return [];
    const strength = strengthOf(row.score, strongest);
    const stale = state === 'stale' ? '~' : ' ';
    // A row that says nothing keeps its place, so that all rows stay aligned.
    const text = shown ? `${stale}${rankedTag(row, strongest, rankWidth)}` : blank;
    return [{ line, analysis: 'influence', text, tone: shown ? toneOf(row) : 'none', strength, state } as const];
  });
}

/** Marks of the overview ruler, the strongest of the rows that are shown. */
export function influenceStrip(
  lines: readonly KnownLine<TracedRow>[],
  { strongest }: TagScale,
  preset: MarkPreset,
  most: number,
): readonly StripMark[] {
  return lines
    .filter(({ row }) => isShown(row, preset) && row.score !== 0)
    .sort((a, b) => Math.abs(b.row.score) - Math.abs(a.row.score))
    .slice(0, most)
    .map(({ line, row }) => ({ line, tone: toneOf(row), strength: strengthOf(row.score, strongest) }));
}

function isShown(row: TracedRow, preset: MarkPreset): boolean {
  if (preset === 'everything') return true;
  if (!row.aboveNull) return false;
  return preset === 'normal' || row.rank <= quietRows;
}

function toneOf({ score }: TracedRow): RowTag['tone'] {
  return score > 0 ? 'promotes' : score < 0 ? 'opposes' : 'none';
}
