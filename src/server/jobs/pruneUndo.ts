import path from 'node:path';
import { undoPruning } from '../../jobs/undoPruning';
import type { EditorJobRule } from './editorJob';

/** Deletes what apply wrote, while it and the original are as they were. */
export const pruneUndoJob: EditorJobRule<'pruneUndo'> = {
  title: ({ applied }, say) => say('job.pruneUndo', { folder: path.basename(applied) }),
  run: async ({ applied }, { workspace, settings, warn, say }) => {
    const folder = path.resolve(workspace.root, applied);
    const place = { folder, label: workspace.labelOf(folder) };
    // whence.json as it is on disk now: a model that names the folder keeps it.
    await workspace.reload();
    const { deleted, kept } = await undoPruning(place, null, workspace.names(settings), warn);
    const values = { count: deleted.length, folder: place.label, kept: kept.length };
    return {
      result: { kind: 'pruneUndo', deleted, kept },
      outcome: kept.length === 0 ? say('done.undone', values) : say('done.undoneKept', values),
    };
  },
};
