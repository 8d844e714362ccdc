/** What a store and the user-level cache hold: every item with its kind, size and last use. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../protocol/errors';
import { abandonedFiles } from './abandonedFiles';
import { artifactSchema, isTensorFileOf } from './artifacts';
import { manifestSchema } from './openVectorIndex';
import { ShardCatalogue } from './shardCatalogue';
import { readStoredJson } from './storedJson';
import { filesBelow, type StoredFile } from './storeSize';
import { descriptionHash, parseDescription, widthOf } from './vectorDescription';

/** Something that can be removed as a whole. */
export interface StoreItem {
  readonly place: 'store' | 'cache';
  /** `index`, `lineage`, `traces`, `leftovers`, a kind of artifact; in the cache `weights`, `hashes`, `devices`. */
  readonly kind: string;
  readonly name: string;
  /** For people. */
  readonly what: string;
  /** Files and folders, in the order in which they are to be removed. */
  readonly paths: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** Damage, temporary files of killed writers and the like: of no use to anybody. */
export const leftoversKind = 'leftovers';
/** The one kind that cannot be computed again. */
export const lineageKind = 'lineage';

/** Milliseconds for which tensors may lie without the JSON that names them: it is written right after them. */
const unnamedFor = 3600e3;

/** Never throws for what is in the files. */
export async function readStoreContents(storeFolder: string): Promise<readonly StoreItem[]> {
  const items: StoreItem[] = [];
  for (const name of foldersIn(path.join(storeFolder, 'index')))
    items.push(...(await indexItems(path.join(storeFolder, 'index', name))));
  for (const kind of foldersIn(path.join(storeFolder, 'artifacts')))
    items.push(...artifactItems(path.join(storeFolder, 'artifacts', kind), kind));
  for (const { file, bytes, changed } of filesBelow(path.join(storeFolder, 'lineage')))
    items.push(
      item('store', lineageKind, path.basename(file), 'what was run on what', [file], [{ file, bytes, changed }]),
    );
  for (const { file, bytes, changed } of filesBelow(path.join(storeFolder, 'traces')))
    items.push(
      item('store', 'traces', path.basename(file), 'a trace of the editor', [file], [{ file, bytes, changed }]),
    );
  for (const name of foldersIn(storeFolder)) {
    if (name.startsWith('.removed-')) items.push(leftover(path.join(storeFolder, name), 'removed, but not to its end'));
  }
  return items;
}

/** The cache's own files only: its folder may be anywhere. */
export function readCacheContents(cacheFolder: string): readonly StoreItem[] {
  const items: StoreItem[] = [];
  for (const name of foldersIn(cacheFolder)) {
    const folder = path.join(cacheFolder, name);
    const files = filesBelow(folder);
    if (name === 'hashes')
      items.push(item('cache', 'hashes', name, 'hashes of model files, by path, size and time', [folder], files));
    else if (/^[0-9a-f]{32}$/.test(name) && files.length > 0)
      items.push(item('cache', 'weights', name, 'weights converted to float32', [folder], files));
  }
  const devices = path.join(cacheFolder, 'devices.json');
  const status = lstatSync(devices, { throwIfNoEntry: false });
  if (status?.isFile()) {
    const file = { file: devices, bytes: status.size, changed: status.mtimeMs };
    items.push(item('cache', 'devices', 'devices.json', 'which devices agree with the CPU', [devices], [file]));
  }
  return items;
}

function item(
  place: StoreItem['place'],
  kind: string,
  name: string,
  what: string,
  paths: readonly string[],
  files: readonly StoredFile[],
): StoreItem {
  return {
    place,
    kind,
    name,
    what,
    paths,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    lastUsed: files.reduce((latest, { changed }) => Math.max(latest, changed), 0),
  };
}

function leftover(place: string, what: string): StoreItem {
  const status = lstatSync(place, { throwIfNoEntry: false });
  const files = status?.isDirectory()
    ? filesBelow(place)
    : [{ file: place, bytes: status?.size ?? 0, changed: status?.mtimeMs ?? 0 }];
  return item('store', leftoversKind, path.basename(place), what, [place], files);
}

/** Names of real folders; a link could lead anywhere. */
function foldersIn(folder: string): readonly string[] {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => lstatSync(path.join(folder, name), { throwIfNoEntry: false })?.isDirectory())
    .sort();
}

async function indexItems(folder: string): Promise<readonly StoreItem[]> {
  const name = path.basename(folder);
  const manifest = readStoredJson(path.join(folder, 'manifest.json'));
  const description =
    manifest instanceof UserError || manifest.schema !== manifestSchema
      ? undefined
      : parseDescription(manifest.description);
  if (description === undefined || descriptionHash(description) !== name)
    return /^[0-9a-f]{40}$/.test(name) ? [leftover(folder, 'an index without a sound manifest')] : [];
  const { kind, element, modelHash, scalars } = description;
  const width = widthOf(description);
  const catalogue = new ShardCatalogue(folder, { index: name, element, width, scalarCount: scalars.length });
  await catalogue.refresh();
  const useless = [
    ...catalogue.damagedFiles.map((file) => leftover(path.join(folder, file), 'damaged')),
    ...abandonedFiles(folder).map((file) => leftover(file, 'left by a process that was killed')),
  ];
  const gone = new Set(useless.flatMap(({ paths }) => paths));
  const files = filesBelow(folder).filter(({ file }) => !gone.has(file));
  const what = `${catalogue.size} rows of ${kind}, ${width} x ${element}, model ${modelHash.slice(0, 12)}`;
  return [item('store', 'index', name, what, [folder], files), ...useless];
}

function artifactItems(folder: string, kind: string): readonly StoreItem[] {
  const files = new Map(filesBelow(folder).map((file) => [path.basename(file.file), file]));
  const items: StoreItem[] = [];
  const named = new Set<string>();
  for (const [name, file] of files) {
    if (!/^[0-9a-f]{40}\.json$/.test(name)) continue;
    const hash = name.slice(0, 40);
    const value = readStoredJson(file.file);
    if (value instanceof UserError || value.schema !== artifactSchema) {
      items.push(leftover(file.file, 'damaged'));
      continue;
    }
    const tensors =
      typeof value.file === 'string' && isTensorFileOf(hash, value.file) ? files.get(value.file) : undefined;
    const parts = tensors === undefined ? [file] : [file, tensors];
    for (const part of parts) named.add(part.file);
    // Without the JSON the tensors are nothing, so it goes first.
    items.push(
      item(
        'store',
        kind,
        hash,
        describeKey(value.key),
        parts.map((part) => part.file),
        parts,
      ),
    );
  }
  for (const [name, { file, changed }] of files) {
    const isTensors = /^[0-9a-f]{40}-[0-9a-f]{8}\.safetensors$/.test(name);
    if (isTensors && !named.has(file) && Date.now() - changed > unnamedFor)
      items.push(leftover(file, 'of an artifact that was replaced or never finished'));
  }
  return [...items, ...abandonedFiles(folder).map((file) => leftover(file, 'left by a process that was killed'))];
}

/** The short values of a key: enough for people to tell artifacts apart. */
function describeKey(key: unknown): string {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return '';
  return Object.entries(key as object)
    .flatMap(([name, value]) => {
      if (typeof value === 'string') return [`${name} ${value.slice(0, 12)}`];
      return typeof value === 'number' || typeof value === 'boolean' ? [`${name} ${value}`] : [];
    })
    .slice(0, 5)
    .join(', ');
}
