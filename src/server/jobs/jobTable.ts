import type { EditorJobKind } from '../../protocol/editorJobs';
import { askJob } from './ask';
import type { EditorJobRule } from './editorJob';
import { indexJob } from './indexRows';
import { probeJob } from './probe';
import { pruneApplyJob } from './pruneApply';
import { pruneProposeJob } from './prunePropose';
import { pruneUndoJob } from './pruneUndo';
import { retraceJob } from './retrace';
import { scoreJob } from './score';
import { testJob } from './test';
import { traceJob } from './trace';
import { verifyJob } from './verify';

/** Every job that the editor starts. A kind without a rule does not compile. */
export const editorJobTable: { readonly [K in EditorJobKind]: EditorJobRule<K> } = {
  ask: askJob,
  trace: traceJob,
  retrace: retraceJob,
  index: indexJob,
  score: scoreJob,
  test: testJob,
  verify: verifyJob,
  probe: probeJob,
  prunePropose: pruneProposeJob,
  pruneApply: pruneApplyJob,
  pruneUndo: pruneUndoJob,
};
