import { requireFreeFolder, writePruned } from '../../analyses/pruning/writePruned';
import { inputError } from '../../protocol/errors';
import type { PruneApplyRequest, PruneApplyResult } from '../../protocol/pruning';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { openPruning } from '../openPruning';
import { checkApply } from '../pruningShapes';

/** Writes a pruned adapter or model beside the original. The mask is made anew and must be the one that was proposed. */
export const pruneApply: Job<PruneApplyRequest, PruneApplyResult> = { check: checkApply, run: apply };

async function apply(request: PruneApplyRequest, context: JobContext): Promise<PruneApplyResult> {
  const { alpha, out, mask: settings } = request;
  requireFreeFolder(out);
  const opened = await openPruning(request, { kind: 'count', count: request.heldBack }, context);
  if (opened.identity.tunedHash !== request.tunedHash)
    throw inputError(
      'model-changed',
      `${request.model.label} is not the model that the proposal was made for: its weights differ.`,
      'Run whence prune propose again.',
    );
  const maker = await opened.createMasks();
  const mask = maker.build(alpha);
  if (mask.hash !== request.expected)
    throw inputError(
      'mask-differs',
      `The mask of alpha ${alpha} is another one than proposed: the calibration rows or this machine's results differ.`,
      'Run whence prune propose again, here and with the same rows.',
    );
  context.announceMemory({
    bytes: 12 * maker.matrices.reduce((sum, { values }) => sum + values.length, 0) + javaScriptMemory(),
    alternatives: [],
  });
  context.progress({ stage: 'writing', done: 0, total: 1, unit: 'folders' });
  const { matrices } = maker;
  const { subject, identity } = opened;
  const written = await writePruned(out, {
    ...{ subject, matrices, mask, alpha },
    target: settings.target,
    tunedHash: identity.tunedHash,
    proposal: request.proposal,
  });
  return { out, mask: mask.hash, ...written, warnings: subject.model.warnings };
}
