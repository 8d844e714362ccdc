import { pathToFileURL } from 'node:url';
import type { EditorState } from '../../protocol/editor';
import { readStoreContents } from '../../store/storeContents';
import type { ServerContext } from '../context';

/** What the workspace holds. Files are looked at, nothing is computed. */
export async function editorState({ workspace, jobs, trust }: ServerContext): Promise<EditorState> {
  const found = workspace.workspace();
  const uri = (file: string): string => pathToFileURL(file).href;
  const items = (await readStoreContents(workspace.storeFolder())).filter(({ kind }) => kind === 'index');
  return {
    workspaceFile: found?.file ?? null,
    trust: trust(),
    models: [...(found?.models ?? [])].map(([name, { base, run }]) => ({ name, base: base ?? null, run: run ?? null })),
    data: [...(found?.data ?? [])].map(([name, { path }]) => ({ name, uri: uri(path) })),
    defaultModel: found?.defaults.model ?? null,
    queries: found?.queries === undefined ? null : { uri: uri(found.queries) },
    behaviours: found?.behaviours === undefined ? null : { uri: uri(found.behaviours) },
    device: jobs.views().findLast(({ device }) => device !== null)?.device ?? null,
    index: { bytes: items.reduce((sum, { bytes }) => sum + bytes, 0), entries: items.length },
    problems: workspace.problems().map(({ message, next }) => ({ message, next })),
  };
}
