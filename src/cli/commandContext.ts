import path from 'node:path';
import { dataLimits } from '../data/limits';
import { loadWorkspace } from '../data/workspace/load';
import { cacheFolder } from '../jobs/cacheFolder';
import type { WorkspaceContext } from '../jobs/resolveSources';
import { inputError } from '../protocol/errors';
import type { GlobalFlags } from './globalFlags';

/** What every command that computes needs to know. */
export type CommandContext = WorkspaceContext;

/** @throws UserError where whence.json cannot be understood */
export async function openCommandContext(flags: GlobalFlags): Promise<CommandContext> {
  const { workspace, problems } = await loadWorkspace(path.resolve(flags.workspace ?? '.'), dataLimits);
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) {
    throw inputError(error.code, error.message, error.next);
  }
  if (flags.workspace !== undefined && workspace === undefined) {
    throw inputError(
      'workspace-missing',
      `There is no whence.json in ${flags.workspace} or above it.`,
      'Run whence init there.',
    );
  }
  return {
    workspace,
    folder: process.cwd(),
    compute: {
      device: flags.device ?? workspace?.device ?? 'auto',
      threads: flags.threads,
      cacheFolder: cacheFolder(process.env, process.platform),
    },
  };
}
