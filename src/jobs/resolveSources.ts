import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Workspace } from '../data/workspace/schema';
import { inputError } from '../protocol/errors';
import type { ComputeSettings, DataSource, ModelSource } from '../protocol/requests';

/** What names of models and files are looked up in. */
export interface WorkspaceContext {
  /** undefined: there is no whence.json here or above. */
  readonly workspace: Workspace | undefined;
  readonly compute: ComputeSettings;
  /** Absolute: paths are relative to it, and shown so. */
  readonly folder: string;
}

/** A model by its name in whence.json or by path; neither: the workspace's default, or the base that the adapter names. */
export function resolveModel(
  named: string | undefined,
  adapter: string | undefined,
  { workspace, folder }: WorkspaceContext,
): ModelSource {
  const adapterPath = adapter === undefined ? undefined : path.resolve(folder, adapter);
  const name = named ?? (adapter === undefined ? workspace?.defaults.model : undefined);
  if (name === undefined) {
    if (adapterPath !== undefined) return { label: adapter!, path: undefined, adapter: adapterPath };
    throw inputError(
      'model-missing',
      'No model is named, and whence.json names no default.',
      'Name it under "defaults" of whence.json, or give --model with a folder, a .gguf file or a name of whence.json.',
    );
  }
  const known = workspace?.models.get(name);
  if (known !== undefined) return { label: name, path: known.path, adapter: adapterPath ?? known.adapter };
  const file = path.resolve(folder, name);
  if (existsSync(file)) return { label: name, path: file, adapter: adapterPath };
  throw inputError(
    'model-not-found',
    `There is no model ${name}: no such file or folder, ${namesOf(workspace?.models)}.`,
    'Check the path, or run whence init to write whence.json.',
  );
}

/** Data files by name or path; none: the workspace's default, or the only one that it names. */
export function resolveData(
  named: readonly string[] | undefined,
  { workspace, folder }: Pick<WorkspaceContext, 'workspace' | 'folder'>,
): readonly DataSource[] {
  const names = named ?? defaultData(workspace);
  if (names.length === 0) {
    throw inputError(
      'data-missing',
      'No data is named, and whence.json names no default.',
      'Name it under "defaults" of whence.json, or give --data with a file or a name of whence.json.',
    );
  }
  return names.map((name) => {
    const known = workspace?.data.get(name);
    if (known !== undefined) {
      const schema = known.schema === undefined ? undefined : { name: known.schema, fields: known.fields ?? {} };
      return { label: path.relative(folder, known.path) || known.path, path: known.path, schema };
    }
    const file = path.resolve(folder, name);
    if (existsSync(file)) return { label: name, path: file, schema: undefined };
    throw inputError(
      'data-not-found',
      `There is no data ${name}: no such file, ${namesOf(workspace?.data)}.`,
      'Check the path, or run whence init to write whence.json.',
    );
  });
}

function defaultData(workspace: Workspace | undefined): readonly string[] {
  if (workspace === undefined) return [];
  const { data, defaults } = workspace;
  if (defaults.data.length > 0) return defaults.data;
  return data.size === 1 ? [...data.keys()] : [];
}

function namesOf(table: ReadonlyMap<string, unknown> | undefined): string {
  if (table === undefined) return 'and no whence.json here or above';
  return table.size === 0 ? 'and whence.json names none' : `and whence.json knows ${[...table.keys()].join(', ')}`;
}
