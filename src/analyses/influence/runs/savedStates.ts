import { existsSync } from 'node:fs';
import path from 'node:path';
import { createOptimizer } from '../../training/optimizer';
import { checkpointsFolderName, readCheckpoint, type StateIdentity } from '../../training/record/checkpoints';
import type { RecordedRun } from '../../training/replayRun';
import { initialState, type TrainingState } from '../../training/runSteps';

/** States of a run whose files are still there, oldest first. */
export function savedStates({ folder, record }: RecordedRun): readonly StateIdentity[] {
  return record.checkpoints.filter(({ file }) => existsSync(path.join(folder, checkpointsFolderName, file)));
}

/** @throws UserError `record-damaged` */
export async function stateAt(run: RecordedRun, saved: StateIdentity): Promise<TrainingState> {
  const { optimizer } = run.record.recipe;
  const copies = new Map([...run.values].map(([name, data]) => [name, data.slice()]));
  const state = initialState(copies, optimizer);
  await readCheckpoint(
    path.join(run.folder, checkpointsFolderName),
    saved,
    state,
    createOptimizer(optimizer).stateNames,
  );
  return state;
}
