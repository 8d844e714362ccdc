/**
 * Finds the base model that an adapter names: as a path, then in the Hugging Face cache. Only what is named is taken; in
 * particular a GGUF file never stands in for the original weights unless its own path is given.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { statusOf } from '../../data/fileAccess';
import { inputError } from '../../protocol/errors';
import type { LoraAdapter } from './types';

export interface LocateBaseOptions {
  /** Where relative names count from, after the adapter's own folder. */
  readonly workingFolder: string;
  /** Environment variables: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME and XDG_CACHE_HOME move the cache. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
}

/** Path of the base: a model folder, or the .gguf file that the adapter names itself. Throws a UserError that says what was tried. */
export function locateBase(
  adapter: Pick<LoraAdapter, 'folder' | 'baseModelNameOrPath' | 'config'>,
  options: LocateBaseOptions,
): string {
  const name = adapter.baseModelNameOrPath;
  if (name === undefined || name === '' || name.includes('\0')) {
    throw inputError(
      'base-unnamed',
      `${path.join(adapter.folder, 'adapter_config.json')} does not name its base model.`,
      'Name the base yourself: --model BASE --adapter FOLDER.',
    );
  }
  const tried: string[] = [];
  const places = [path.resolve(adapter.folder, name), path.resolve(options.workingFolder, name)];
  for (const place of new Set(places)) {
    tried.push(place);
    if (isModel(place)) return place;
  }
  const snapshot = findSnapshot(name, revisionOf(adapter), options, tried);
  if (snapshot !== undefined) return snapshot;
  throw inputError(
    'base-not-found',
    `The base model "${name}" of the adapter ${adapter.folder} was not found. Tried: ${tried.join('; ')}.`,
    'Name the folder of the base yourself (--model BASE --adapter FOLDER), or fetch it into the Hugging Face cache.',
  );
}

function isModel(place: string): boolean {
  const status = statusOf(place);
  if (status === undefined) return false;
  return status.isDirectory() ? existsSync(path.join(place, 'config.json')) : place.endsWith('.gguf');
}

function revisionOf({ config }: Pick<LoraAdapter, 'config'>): string {
  return typeof config.revision === 'string' && config.revision !== '' ? config.revision : 'main';
}

/** The cache folder, by the rules of huggingface_hub. */
function hubCache({ environment, homeFolder }: LocateBaseOptions): string {
  const stated = environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE;
  if (stated) return expandHome(stated, homeFolder);
  if (environment.HF_HOME) return path.join(expandHome(environment.HF_HOME, homeFolder), 'hub');
  const cache = environment.XDG_CACHE_HOME || path.join(homeFolder, '.cache');
  return path.join(expandHome(cache, homeFolder), 'huggingface', 'hub');
}

function expandHome(folder: string, homeFolder: string): string {
  return folder === '~' || folder.startsWith('~/') ? path.join(homeFolder, folder.slice(1)) : folder;
}

function findSnapshot(name: string, revision: string, options: LocateBaseOptions, tried: string[]): string | undefined {
  // What is no repository name cannot be in the cache; this also keeps the look-up inside it.
  const isRepository = /^[\w.-]+(?:\/[\w.-]+)?$/.test(name) && !name.split('/').some((part) => /^\.+$/.test(part));
  const isRevision =
    /^[\w.-]+(?:\/[\w.-]+)*$/.test(revision) && !revision.split('/').some((part) => /^\.+$/.test(part));
  if (!isRepository || !isRevision) return undefined;
  const repository = path.join(hubCache(options), `models--${name.replace('/', '--')}`);
  const reference = path.join(repository, 'refs', revision);
  const commit = readReference(reference) ?? revision;
  const snapshot = path.join(repository, 'snapshots', commit);
  tried.push(snapshot);
  return isModel(snapshot) ? snapshot : undefined;
}

/** The commit that a branch or tag stood for when it was fetched. */
function readReference(file: string): string | undefined {
  if (statusOf(file)?.isFile() !== true) return undefined;
  const commit = readFileSync(file, 'latin1').slice(0, 200).trim();
  return /^[\w-]+$/.test(commit) ? commit : undefined;
}
