import path from 'node:path';
import { chosenPoint, readProposal, realignSources, recordedProposal } from '../../jobs/pruneProposal';
import { recordInStore } from '../../jobs/recordLineage';
import { inputError } from '../../protocol/errors';
import type { PruneApplyRequest } from '../../protocol/pruning';
import type { EditorJobRule } from './editorJob';

/** Writes one mask of a kept proposal into a new folder; the original stays as it is. */
export const pruneApplyJob: EditorJobRule<'pruneApply'> = {
  title: ({ alpha, out }, say) => say('job.pruneApply', { alpha, folder: path.basename(out) }),
  run: async ({ analysis, alpha, out }, tools) => {
    const { analyses, workspace, settings } = tools;
    const record = analyses.read(analysis);
    if (record?.kind !== 'pruning')
      throw inputError('proposal-unknown', 'That proposal is not kept any more.', 'Make a new one.');
    if (!path.isAbsolute(out))
      throw inputError('out-relative', `${out} does not say in which folder it lies.`, 'Give its whole path.');
    const names = workspace.names(settings);
    const proposal = readProposal(record.document, record.title);
    const { mask } = chosenPoint(proposal, alpha, record.title);
    const realign = realignSources(proposal, names);
    const { model } = proposal;
    const request: PruneApplyRequest = {
      kind: 'pruneApply',
      compute: names.compute,
      model: { label: model.label, path: model.path, adapter: model.adapter ?? undefined },
      base: proposal.base,
      realign,
      mask: proposal.mask,
      storeFolder: workspace.storeFolder(),
      storeBudget: settings.storeBudget * 1e9,
      alpha,
      heldBack: proposal.heldBack,
      expected: mask,
      tunedHash: model.tunedHash,
      out: path.resolve(out),
      proposal: recordedProposal(proposal, alpha),
    };
    const { result, seconds } = await tools.run(request, () => undefined);
    await recordInStore(
      request.storeFolder,
      'prune apply',
      realign,
      { model: model.label, alpha, mask, out: workspace.labelOf(request.out), proposal: analysis },
      { seconds, pruned: result.pruned, entries: result.entries },
      tools.warn,
    );
    for (const { message } of result.warnings) tools.warn(message);
    const { form, pruned, entries } = result;
    return {
      result: { kind: 'pruneApply', out: request.out, form, pruned, entries },
      outcome: tools.say('done.pruned', {
        folder: workspace.labelOf(request.out),
        form: tools.say(`done.${form}`),
        pruned,
        entries,
      }),
    };
  },
};
