import type { TracedRow } from '../influence';

const barWidth = 4;
const partial = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Similarity from which a row counts as of the behaviour's kind. */
export const alikeFrom = 0.5;

/** `▲ ███▌`: the sign by shape, the strength by length; `≈` where the row is of the behaviour's kind too. */
export function tag({ score, kind }: Pick<TracedRow, 'score' | 'kind'>, strongest: number): string {
  return `${signMark(score)}${alikeMark(kind)}${strengthBar(strengthOf(score, strongest))}`;
}

/** `▲ 17 ███▌`: the same with the rank, of one width whatever the rank. @param rankWidth digits of the largest rank shown */
export function rankedTag(
  row: Pick<TracedRow, 'score' | 'kind' | 'rank'>,
  strongest: number,
  rankWidth: number,
): string {
  const { score, kind, rank } = row;
  const number = `${rank}`.padStart(rankWidth);
  return `${signMark(score)}${alikeMark(kind)}${number} ${strengthBar(strengthOf(score, strongest))}`;
}

/** 0 to 1. */
export function strengthOf(score: number, strongest: number): number {
  return strongest === 0 ? 0 : Math.min(1, Math.abs(score) / strongest);
}

function signMark(score: number): string {
  return score > 0 ? '▲' : score < 0 ? '▼' : ' ';
}

function alikeMark(kind: TracedRow['kind']): string {
  return kind !== null && kind.score >= alikeFrom ? '≈' : ' ';
}

function strengthBar(strength: number): string {
  const eighths = Math.round(strength * 8 * barWidth);
  const bar = '█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? '' : partial[(eighths % 8) - 1]!);
  return bar.padEnd(barWidth);
}
