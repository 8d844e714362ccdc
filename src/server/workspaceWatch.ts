import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfigProblem } from '../data/config/check';
import { dataLimits } from '../data/limits';
import { loadWorkspace } from '../data/workspace/load';
import type { Workspace } from '../data/workspace/schema';
import { cacheFolder } from '../jobs/cacheFolder';
import type { WorkspaceContext } from '../jobs/resolveSources';
import type { EditorSettings } from '../protocol/settings';
import { storeFolderOf } from '../store/storeFolder';

/** whence.json as it is on disk now. */
export interface WorkspaceWatch {
  /** Absolute folder that the editor has open. */
  readonly root: string;
  /** Reads whence.json again. */
  reload(): Promise<void>;
  workspace(): Workspace | undefined;
  problems(): readonly ConfigProblem[];
  /** What names are resolved in. */
  names(settings: EditorSettings): WorkspaceContext;
  storeFolder(): string;
  /** `data/train.jsonl`: how results name a file of the workspace. */
  labelOf(file: string): string;
  /** The file behind a result's name. */
  fileOf(label: string): string;
  uriOf(label: string): string;
}

export async function watchWorkspace(root: string): Promise<WorkspaceWatch> {
  let workspace: Workspace | undefined;
  let problems: readonly ConfigProblem[] = [];
  const folder = (): string => workspace?.folder ?? root;
  const watch: WorkspaceWatch = {
    root,
    reload: async () => {
      ({ workspace, problems } = await loadWorkspace(root, dataLimits));
    },
    workspace: () => workspace,
    problems: () => problems,
    names: ({ device, threads }) => ({
      workspace,
      folder: folder(),
      compute: {
        device: device === 'auto' ? (workspace?.device ?? 'auto') : device,
        threads: threads === 0 ? undefined : threads,
        cacheFolder: cacheFolder(process.env, process.platform),
      },
    }),
    storeFolder: () => storeFolderOf(folder()),
    labelOf: (file) => path.relative(folder(), file) || file,
    fileOf: (label) => path.resolve(folder(), label),
    uriOf: (label) => pathToFileURL(path.resolve(folder(), label)).href,
  };
  await watch.reload();
  return watch;
}
