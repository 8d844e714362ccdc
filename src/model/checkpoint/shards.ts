/** Finds the safetensors files of a model folder: a single file, or shards with their index. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { type JsonLimits, readJsonObject } from '../../data/boundedJson';
import { namesIn } from '../../data/fileAccess';
import { readSafetensorsHeader } from '../../data/safetensors/safetensorsHeader';
import { inputError } from '../../protocol/errors';
import { isJsonObject } from '../../protocol/json';
import type { TensorLocation } from './types';

const singleName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';
const indexLimits: JsonLimits = { maximumBytes: 64 << 20, maximumDepth: 8, maximumValues: 4_000_000 };
const maximumShards = 10_000;

/** Every stored tensor of the folder under its name in the files. Throws a UserError where files or tensors are missing. */
export async function readFolderTensors(folder: string): Promise<Map<string, TensorLocation>> {
  const names = namesIn(folder);
  if (names.includes(singleName)) return new Map((await readSafetensorsHeader(path.join(folder, singleName))).tensors);
  if (names.includes(indexName)) return readShards(folder);
  const others = names.filter((name) => name.endsWith('.safetensors') && !name.startsWith('adapter_'));
  if (others.length === 1) return new Map((await readSafetensorsHeader(path.join(folder, others[0]!))).tensors);
  throw noWeights(folder, names, others);
}

function noWeights(folder: string, names: readonly string[], safetensors: readonly string[]): Error {
  if (safetensors.length > 1) {
    return inputError(
      'checkpoint-no-index',
      `${folder} holds ${safetensors.length} safetensors files and no ${indexName} that says which belong together.`,
      `Fetch ${indexName} as well.`,
    );
  }
  const pickled = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickled !== undefined) {
    return inputError(
      'checkpoint-pickled',
      `${folder} holds its weights as ${pickled}, a pickle, which is a program and is never opened here.`,
      'Save the model as safetensors: model.save_pretrained(FOLDER, safe_serialization=True) in transformers.',
    );
  }
  return inputError(
    'checkpoint-no-weights',
    `${folder} holds no ${singleName} and no ${indexName}.`,
    'Fetch the weights, or name the folder that holds them.',
  );
}

async function readShards(folder: string): Promise<Map<string, TensorLocation>> {
  const indexFile = path.join(folder, indexName);
  const { weight_map: weightMap } = readJsonObject(indexFile, indexLimits);
  const problem = (text: string) =>
    inputError('checkpoint-index', `${indexFile}: ${text}.`, 'Fetch the index and all its files again.');
  if (!isJsonObject(weightMap)) throw problem('it has no weight_map');
  const shardOf = new Map(Object.entries(weightMap));
  const shardNames = new Set(shardOf.values());
  if (shardNames.size > maximumShards) throw problem(`it names ${shardNames.size} files`);
  const tensors = new Map<string, TensorLocation>();
  for (const shard of shardNames) {
    if (typeof shard !== 'string' || !isPlainFileName(shard)) {
      throw problem(`${JSON.stringify(shard)} is no file of this folder`);
    }
    const file = path.join(folder, shard);
    if (!existsSync(file)) throw problem(`it names ${shard}, which is not there`);
    for (const [name, location] of (await readSafetensorsHeader(file)).tensors) {
      const wanted = shardOf.get(name);
      if (wanted !== undefined && wanted !== shard) continue;
      if (tensors.has(name)) throw problem(`tensor "${name}" lies in two files and the index names neither`);
      tensors.set(name, location);
    }
  }
  for (const [name, shard] of shardOf) {
    if (!tensors.has(name)) throw problem(`it says that "${name}" lies in ${String(shard)}, where it is not`);
  }
  return tensors;
}

/** A name that stays in its folder on every system. */
function isPlainFileName(name: string): boolean {
  return name.length > 0 && name.length < 256 && name !== '.' && name !== '..' && !/[/\\\0:]/.test(name);
}
