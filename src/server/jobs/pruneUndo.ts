import path from 'node:path';
import { undoPruning } from '../../jobs/undoPruning';
import type { EditorJobRule } from './editorJob';

/** Deletes what apply wrote, while it and the original are as they were. */
export const pruneUndoJob: EditorJobRule<'pruneUndo'> = {
  title: ({ applied }) => `Undo the pruning in ${path.basename(applied)}`,
  run: async ({ applied }, { workspace, settings, warn }) => {
    const folder = path.resolve(workspace.root, applied);
    const place = { folder, label: workspace.labelOf(folder) };
    // whence.json as it is on disk now: a model that names the folder keeps it.
    await workspace.reload();
    const { deleted, kept } = await undoPruning(place, null, workspace.names(settings), warn);
    const others = kept.length === 0 ? '' : `, ${kept.length} that apply did not write are kept`;
    return {
      result: { kind: 'pruneUndo', deleted, kept },
      outcome: `${deleted.length} files of ${place.label} are deleted${others}`,
    };
  },
};
