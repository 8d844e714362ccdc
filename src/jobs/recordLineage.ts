import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { UserError } from '../protocol/errors';
import type { InfluenceSubject } from '../protocol/influence';
import type { JsonObject } from '../protocol/json';
import type { DataSource } from '../protocol/requests';
import { appendLineage } from '../store/lineage';
import { storeFolderOf } from '../store/storeFolder';
import type { WorkspaceContext } from './resolveSources';

/** What a lineage entry says of a job's models and rows. */
export type RowsSubject = Pick<InfluenceSubject, 'data' | 'storeFolder' | 'model' | 'base'> & { readonly kind: string };

/** What an influence job did goes into its store's lineage: inputs by content, settings, metrics. */
export async function recordLineage(
  request: InfluenceSubject & { readonly kind: string },
  metrics: JsonObject,
  warn: (text: string) => void,
): Promise<void> {
  const { index, run } = request;
  await recordRowsLineage(request, { run: run ?? null, index: { ...index } }, metrics, warn);
}

/** The same for a job on models and rows with settings of its own. */
export async function recordRowsLineage(
  { kind, data, storeFolder, model, base }: RowsSubject,
  settings: JsonObject,
  metrics: JsonObject,
  warn: (text: string) => void,
): Promise<void> {
  const models = { model: model.label, base: base?.label ?? null };
  await append(storeFolder, kind, data, { ...models, ...settings }, metrics, warn);
}

/** The same for a job that keeps nothing: in a workspace only, so that no store appears where nobody asked for one. */
export async function recordInWorkspace(
  { workspace }: WorkspaceContext,
  command: string,
  inputs: readonly Pick<DataSource, 'label' | 'path'>[],
  settings: JsonObject,
  metrics: JsonObject,
  warn: (text: string) => void,
): Promise<void> {
  if (workspace === undefined) return;
  await append(storeFolderOf(workspace.folder), command, inputs, settings, metrics, warn);
}

/** The same for a job that keeps what it computed in a store. */
export async function recordInStore(
  storeFolder: string,
  command: string,
  inputs: readonly Pick<DataSource, 'label' | 'path'>[],
  settings: JsonObject,
  metrics: JsonObject,
  warn: (text: string) => void,
): Promise<void> {
  await append(storeFolder, command, inputs, settings, metrics, warn);
}

async function append(
  storeFolder: string,
  command: string,
  sources: readonly Pick<DataSource, 'label' | 'path'>[],
  settings: JsonObject,
  metrics: JsonObject,
  warn: (text: string) => void,
): Promise<void> {
  const inputs = [];
  for (const { label, path } of sources) inputs.push({ path: label, hash: await hashOf(path) });
  try {
    await appendLineage(storeFolder, { command, parents: [], inputs, settings, metrics, outputs: [] });
  } catch (error) {
    // The result stands without its entry; a store that cannot be written to has said so before.
    if (!(error instanceof UserError)) throw error;
    warn(`no lineage entry was written: ${error.message}`);
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
