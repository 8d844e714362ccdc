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
): string | undefined {
  const proposal = analyses.shown('pruning')?.result;
  const row = hash === undefined ? undefined : proposal?.rows.find((one) => one.hash === hash);
  if (proposal === undefined || row === undefined || row.share === null) return undefined;
  const text = sectionText(proposal, row, row.share);
  return tags === 'client' ? `${text}\n\n[Show Pruning Panel](command:whence.showPruningPanel)` : text;
}

function sectionText(proposal: PruneProposal, row: PruningRow, share: number): string {
  const { rows, points, shown, recommendation, mask } = proposal;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const rank = rows.filter((other) => Math.abs(other.share ?? 0) > Math.abs(share)).length + 1;
  const alpha = points[shown]!.alphas[0]!;
  const parts = Math.abs(share) * rows.length;
  const verdict =
    recommendation.alpha === null
      ? 'None of its masks is worth it by the rule.'
      : `Alpha ${recommendation.alpha} is recommended.`;
  const meaning =
    mask.score === 'signedGrad'
      ? 'how much of the pruned entries’ signed score its loss gives'
      : 'how much of the pruned entries’ score its activations give';
  return [
    `✂ **${percent(share)}** of what drives the mask of alpha ${alpha}: rank **${rank}** of ${rows.length} realign rows (${escapeMarkdown(`${row.file}:${row.line ?? row.row}`)}), ${parts.toFixed(1)} times an equal part.`,
    `*What it means:* ${meaning}. It does not say that the row caused the behaviour: realign rows only pick the entries. ${verdict}`,
  ].join('\n\n');
}
