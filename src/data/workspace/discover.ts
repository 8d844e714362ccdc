import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../protocol/errors';
import type { JsonObject, JsonValue } from '../../protocol/json';
import { readSmallText } from '../byteSource';
import { parseConfigText } from '../config/check';
import { dataEndings } from '../containers/detect';
import type { DataLimits } from '../limits';
import { own, ownEntries } from '../own';
import { readRows } from '../readRows';
import { detectSchema } from '../schemas/detect';
import type { WorkspaceFile } from './schema';
import { workspaceDefaults } from './schema';

/** Bounds of a search, so that a home folder or a mount of millions of files ends it early instead of never. */
export interface DiscoveryLimits {
  /** Folders below the start. */
  readonly maxDepth: number;
  /** Files and folders looked at. */
  readonly maxEntries: number;
  /** Models, and data files, that are proposed. */
  readonly maxFound: number;
}

export const discoveryLimits: DiscoveryLimits = { maxDepth: 6, maxEntries: 20_000, maxFound: 50 };

export interface Discovery {
  /** What whence.json could say; paths are relative to the folder, with forward slashes. */
  readonly proposal: WorkspaceFile;
  /** `yes` where a bound ended the search. */
  readonly cutShort: 'yes' | 'no';
}

interface Found {
  readonly models: string[];
  readonly adapters: { readonly folder: string; readonly base: string | undefined }[];
  readonly ggufs: string[];
  readonly runs: string[];
  readonly data: string[];
  queries: string | undefined;
  behaviours: string | undefined;
}

const skippedFolders = new Set(['node_modules', '__pycache__', 'venv', 'site-packages', 'dist', 'build']);

/** Models, adapters, runs and data files under a folder, as a proposed workspace file. Reads; writes nothing. */
export async function discoverWorkspace(
  folder: string,
  limits: DataLimits,
  bounds: DiscoveryLimits,
): Promise<Discovery> {
  const root = path.resolve(folder);
  const found: Found = {
    models: [],
    adapters: [],
    ggufs: [],
    runs: [],
    data: [],
    queries: undefined,
    behaviours: undefined,
  };
  const visited = new Set<string>();
  let entriesLeft = bounds.maxEntries;
  let cutShort: Discovery['cutShort'] = 'no';

  // Breadth first: what lies near the start is found before a bound is met.
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const below: string[] = [];
    for (const current of level) below.push(...(await lookInto(current)));
    if (below.length > 0 && depth === bounds.maxDepth) cutShort = 'yes';
    level = depth === bounds.maxDepth ? [] : below;
  }
  return { proposal: propose(root, found), cutShort };

  /** Notes what a folder holds; returns the folders in it that are worth a look. */
  async function lookInto(current: string): Promise<string[]> {
    const real = await realpath(current).catch(() => undefined);
    if (real === undefined || visited.has(real)) return [];
    visited.add(real);
    const entries = await readdir(current, { withFileTypes: true }).catch((): Dirent[] => []);
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (entries.length > entriesLeft) cutShort = 'yes';
    const looked = entries.slice(0, Math.max(0, entriesLeft));
    entriesLeft -= looked.length;

    const files = new Set<string>();
    const folders: string[] = [];
    for (const entry of looked) {
      if (entry.name.startsWith('.')) continue;
      const kind = entry.isSymbolicLink() ? await linkKind(path.join(current, entry.name)) : kindOf(entry);
      if (kind === 'file') files.add(entry.name);
      else if (kind === 'folder' && !skippedFolders.has(entry.name)) folders.push(path.join(current, entry.name));
    }
    if (files.has('run.json') && path.basename(current) === 'whence-run') {
      found.runs.push(current);
      return [];
    }
    if (files.has('adapter_config.json') && files.has('adapter_model.safetensors')) {
      if (room(found.adapters)) found.adapters.push({ folder: current, base: await baseOf(current) });
      return folders.filter((name) => path.basename(name) === 'whence-run');
    }
    if (files.has('config.json') && [...files].some((name) => name.endsWith('.safetensors'))) {
      if (room(found.models)) found.models.push(current);
      return folders;
    }
    for (const name of files) {
      const file = path.join(current, name);
      if (name.endsWith('.gguf')) {
        if (room(found.ggufs)) found.ggufs.push(file);
      } else if (/^quer(y|ies)\.(jsonl|ndjson)$/.test(name)) found.queries ??= file;
      else if (/^behaviou?rs?\.(jsonl|ndjson)$/.test(name)) found.behaviours ??= file;
      else if (isDataName(name) && (await hasRows(file)) && room(found.data)) found.data.push(file);
    }
    return folders;
  }

  function room(list: readonly unknown[]): boolean {
    if (list.length < bounds.maxFound) return true;
    cutShort = 'yes';
    return false;
  }

  async function baseOf(adapter: string): Promise<string | undefined> {
    const file = path.join(adapter, 'adapter_config.json');
    try {
      const { value } = parseConfigText(file, await readSmallText(file, limits));
      const base = isObject(value) ? own(value, 'base_model_name_or_path') : undefined;
      return typeof base === 'string' && base !== '' ? base : undefined;
    } catch (error) {
      // A broken adapter is proposed all the same; loading it says what is wrong.
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  /** Whether the first rows of a file have a schema: a table of something else is no training data. */
  async function hasRows(file: string): Promise<boolean> {
    // Binary containers are read by whole groups, too much for a look.
    if (/\.(parquet|arrow|feather)$/.test(file)) return true;
    const peek = { ...limits, batchRows: 8, chunkBytes: 65_536, maxRowBytes: 2 ** 20 };
    try {
      for await (const { rows } of readRows(file, { file, limits: peek })) {
        return detectSchema(rows).schema !== undefined;
      }
      return false;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(entry: Dirent): 'file' | 'folder' | 'other' {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';
}

async function linkKind(link: string): Promise<'file' | 'folder' | 'other'> {
  const facts = await stat(link).catch(() => undefined);
  return facts === undefined ? 'other' : facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other';
}

/** JSON that tools write for themselves, and prose, are no data. */
const notData =
  /^(package(-lock)?|tsconfig|biome|config|generation_config|adapter_config|tokenizer(_config)?|special_tokens_map|added_tokens|vocab|trainer_state|dataset_infos?|whence|recipe|.*\.schema|.*\.index)\.json$/;

function isDataName(name: string): boolean {
  if (notData.test(name)) return false;
  const ending = name.replace(/\.gz$/, '').split('.').at(-1)!;
  return dataEndings.includes(ending) && !['txt', 'text', 'md'].includes(ending);
}

function propose(root: string, found: Found): WorkspaceFile {
  const relative = (target: string) => path.relative(root, target).split(path.sep).join('/') || '.';
  const modelNames = new NameGiver();
  const dataNames = new NameGiver();
  const runOf = (folder: string) => found.runs.find((run) => path.dirname(run) === folder);
  const models: [string, NonNullable<WorkspaceFile['models']>[string]][] = [];
  for (const folder of found.models) {
    const run = runOf(folder);
    models.push([
      modelNames.give(path.basename(folder)),
      { path: relative(folder), ...(run === undefined ? {} : { run: relative(run) }) },
    ]);
  }
  for (const file of found.ggufs) models.push([modelNames.give(stem(file)), { path: relative(file) }]);
  const bases = new Map(models.map(([name, { path: modelPath }]) => [name, path.resolve(root, modelPath!)]));
  let tuned: string | undefined;
  for (const { folder, base } of found.adapters) {
    const name = modelNames.give(path.basename(folder));
    const baseName = base === undefined ? undefined : matchingBase(base, folder, root, bases);
    if (baseName !== undefined) tuned ??= name;
    const run = runOf(folder);
    models.push([
      name,
      {
        ...(baseName === undefined ? {} : { path: relative(bases.get(baseName)!) }),
        adapter: relative(folder),
        ...(baseName === undefined ? {} : { base: baseName }),
        ...(run === undefined ? {} : { run: relative(run) }),
      },
    ]);
  }
  const data = found.data.map((file): [string, { path: string }] => [
    dataNames.give(stem(file)),
    { path: relative(file) },
  ]);
  // A model that can be loaded: an adapter whose base was not found is none.
  const model = tuned ?? models.findLast(([, { path: place }]) => place !== undefined)?.[0] ?? models.at(-1)?.[0];
  const train = data.find(([name]) => /train/i.test(name))?.[0] ?? data[0]?.[0];
  return {
    models: ownEntries(models as [string, JsonValue][]) as WorkspaceFile['models'],
    data: ownEntries(data) as WorkspaceFile['data'],
    ...(found.queries === undefined ? {} : { queries: relative(found.queries) }),
    ...(found.behaviours === undefined ? {} : { behaviours: relative(found.behaviours) }),
    defaults: {
      ...(model === undefined ? {} : { model }),
      ...(train === undefined ? {} : { data: [train] }),
      method: workspaceDefaults.method,
    },
    device: workspaceDefaults.device,
  };
}

/** The found model that an adapter's `base_model_name_or_path` means: by path, else by the last part of its name. */
function matchingBase(
  base: string,
  adapter: string,
  root: string,
  bases: ReadonlyMap<string, string>,
): string | undefined {
  if (base.includes('\0')) return undefined;
  for (const from of [adapter, root]) {
    const target = path.resolve(from, base);
    for (const [name, folder] of bases) if (folder === target) return name;
  }
  const last = base.split(/[\\/]/).at(-1)!.toLowerCase();
  const alike = [...bases].filter(([, folder]) => path.basename(folder).toLowerCase() === last);
  return alike.length === 1 ? alike[0]![0] : undefined;
}

/** File name without its endings. */
function stem(file: string): string {
  return path.basename(file).replace(/(\.[a-z]+)?(\.gz)?$/i, '') || path.basename(file);
}

/** Gives each name once: `train`, `train-2`, … */
class NameGiver {
  private readonly given = new Set<string>();

  give(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.given.has(name); count++) name = `${wanted}-${count}`;
    this.given.add(name);
    return name;
  }
}
