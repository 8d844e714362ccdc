import type { Say } from '../../protocol/display/serverText';
import type { EditorOptions } from '../../protocol/editor';
import type { PruneProposal, PruningRow } from '../../protocol/pruning';
import type { AnalysisShelf } from '../analyses/createAnalysisShelf';
import { escapeMarkdown } from '../features/renderRow';

/**
 * What the shown proposal says of a row with this content, in markdown; undefined: it says nothing of it.
 *
 * @param hash of the row's content @param tags `client`: the editor's own client, which knows the commands
 */
export function pruningSection(
  hash: string | undefined,
  analyses: AnalysisShelf,
  tags: EditorOptions['tags'],
  say: Say,
): string | undefined {
  const proposal = analyses.shown('pruning')?.result;
  const row = hash === undefined ? undefined : proposal?.rows.find((one) => one.hash === hash);
  if (proposal === undefined || row === undefined || row.share === null) return undefined;
  const text = sectionText(proposal, row, row.share, say);
  return tags === 'client' ? `${text}\n\n[${say('pruning.showPanel')}](command:whence.showPruningPanel)` : text;
}

function sectionText(proposal: PruneProposal, row: PruningRow, share: number, say: Say): string {
  const { rows, points, shown, recommendation, mask } = proposal;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const rank = rows.filter((other) => Math.abs(other.share ?? 0) > Math.abs(share)).length + 1;
  const alpha = points[shown]!.alphas[0]!;
  const parts = Math.abs(share) * rows.length;
  const verdict =
    recommendation.alpha === null ? say('pruning.none') : say('pruning.recommended', { alpha: recommendation.alpha });
  const meaning = mask.score === 'signedGrad' ? say('pruning.signed') : say('pruning.activations');
  return [
    say('pruning.share', {
      percent: percent(share),
      alpha,
      rank,
      count: rows.length,
      place: escapeMarkdown(`${row.file}:${row.line ?? row.row}`),
      parts: parts.toFixed(1),
    }),
    say('pruning.meaning', { meaning, verdict }),
  ].join('\n\n');
}
