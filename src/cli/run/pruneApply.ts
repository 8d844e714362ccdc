import path from 'node:path';
import { readJsonObject } from '../../data/boundedJson';
import { prunedValuesName, pruningRecordName } from '../../data/pruningRecord';
import {
  chosenPoint,
  type ReadProposal,
  readProposal,
  realignSources,
  recordedProposal,
} from '../../jobs/pruneProposal';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import { inputError } from '../../protocol/errors';
import type { PruneApplyRequest } from '../../protocol/pruning';
import type { DataSource, ModelSource } from '../../protocol/requests';
import { storeFolderOf } from '../../store/storeFolder';
import { type CommandContext, openCommandContext } from '../commandContext';
import type { ApplyFlags } from '../commands/prune';
import { recordInStore } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems } from '../writeOutput';

const limits = { maximumBytes: 256 << 20, maximumDepth: 64, maximumValues: 20_000_000 };

/** Writes what was proposed into a new folder. */
export async function runApply(flags: ApplyFlags): Promise<void> {
  if (flags.out === undefined)
    throw inputError(
      'out-missing',
      'No folder for the result is named.',
      'Give --out with a new folder, for example --out models/tuned-pruned.',
    );
  const context = await openCommandContext(flags);
  const proposal = readProposal(readJsonObject(path.resolve(flags.proposal), limits), flags.proposal);
  const { alpha, mask } = chosenPoint(proposal, flags.alpha ?? null, flags.proposal);
  const realign = realignOf(proposal, flags, context);
  const request: PruneApplyRequest = {
    kind: 'pruneApply',
    compute: context.compute,
    model: modelOf(proposal, flags, context),
    base: flags.base === undefined ? proposal.base : resolveModel(flags.base, undefined, context),
    realign,
    mask: proposal.mask,
    storeFolder:
      flags.store === undefined ? storeFolderOf(context.workspace?.folder ?? '.') : path.resolve(flags.store),
    storeBudget: flags.storeBudget * 1e9,
    alpha,
    heldBack: proposal.heldBack,
    expected: mask,
    tunedHash: proposal.model.tunedHash,
    out: path.resolve(flags.out),
    proposal: recordedProposal(proposal, alpha),
  };
  const { result, device, seconds, memory } = await runJob(request, flags, () => undefined);
  const out = path.normalize(flags.out);
  await recordInStore(
    request.storeFolder,
    'prune apply',
    [{ label: flags.proposal, path: path.resolve(flags.proposal) }, ...realign],
    { model: request.model.label, alpha, mask, out },
    { seconds, pruned: result.pruned, entries: result.entries },
  );
  if (flags.json) {
    printJson({ schema: 'whence.pruneApply/1', device: device?.device, seconds, memory, ...result, out });
    return;
  }
  const named = result.form === 'adapter' ? `"adapter": ${JSON.stringify(out)}` : `"path": ${JSON.stringify(out)}`;
  process.stdout.write(
    [
      `${out} holds the pruned ${result.form}: ${result.pruned} of ${result.entries} entries are set to ${request.mask.target === 'delta' ? "the base's values" : 'zero'}. The original is as it was.`,
      `${pruningRecordName} there says what was done, ${prunedValuesName} what was taken away.`,
      `To use it, put ${named} into whence.json or give it on the command line; whence prune undo --applied ${out} takes it back.\n`,
    ].join('\n'),
  );
  if (flags.quiet) return;
  printProblems([], result.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

function modelOf({ model }: ReadProposal, flags: ApplyFlags, context: CommandContext): ModelSource {
  if (flags.model !== undefined) return resolveModel(flags.model, flags.adapter, context);
  const adapter = flags.adapter === undefined ? (model.adapter ?? undefined) : path.resolve(flags.adapter);
  return { label: model.label, path: model.path, adapter };
}

function realignOf(proposal: ReadProposal, flags: ApplyFlags, context: CommandContext): readonly DataSource[] {
  if (flags.realign !== undefined) return resolveData(flags.realign, context);
  return realignSources(proposal, context);
}
