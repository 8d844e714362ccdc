import path from 'node:path';
import { undoPruning } from '../../jobs/undoPruning';
import { openCommandContext } from '../commandContext';
import type { UndoFlags } from '../commands/prune';
import { warn } from '../recordLineage';
import { printJson } from '../writeOutput';

/** Takes a pruning back: deletes what apply wrote, or with --out writes the adapter as it was into a new folder. */
export async function runUndo(flags: UndoFlags): Promise<void> {
  const context = await openCommandContext(flags);
  const folder = path.resolve(flags.applied);
  const out = flags.out === undefined ? null : path.resolve(flags.out);
  const outcome = await undoPruning({ folder, label: flags.applied }, out, context, warn);
  if (flags.json) {
    printJson({ schema: 'whence.pruneUndo/1', applied: folder, ...outcome });
    return;
  }
  process.stdout.write(
    outcome.writtenBack === null
      ? `${outcome.deleted.length} files of ${flags.applied} are deleted${outcome.kept.length === 0 ? '' : `; ${outcome.kept.length} that apply did not write are kept`}. The original is ${outcome.original}.\n`
      : `${flags.out} holds the adapter as it was before; nothing is deleted.\n`,
  );
}
