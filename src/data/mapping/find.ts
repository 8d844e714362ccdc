import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../protocol/errors';
import { readSmallText } from '../byteSource';
import { type ConfigProblem, parseConfigText } from '../config/check';
import type { DataLimits } from '../limits';
import { readAxolotl } from './axolotl';
import { llamaFactoryFileName, readLlamaFactory } from './llamaFactory';
import type { MappingResult } from './types';

/** YAML files looked at in one folder; a folder of more is no trainer's. */
const maxYamlFiles = 50;

/**
 * The mapping that a trainer's own file states for a data file: LLaMA-Factory's `dataset_info.json` or an Axolotl
 * configuration, in the folder of the data or the one above. The first that names the file counts; one that cannot be
 * read is a problem and the search goes on.
 */
export async function findStatedMapping(dataPath: string, limits: DataLimits): Promise<MappingResult> {
  const absolute = path.resolve(dataPath);
  const folder = path.dirname(absolute);
  const problems: ConfigProblem[] = [];
  for (const place of new Set([folder, path.dirname(folder)])) {
    for (const file of await statingFiles(place)) {
      const result = await readFile(file, absolute, limits);
      problems.push(...result.problems);
      if (result.mapping !== undefined) return { mapping: result.mapping, problems };
    }
  }
  return { mapping: undefined, problems };
}

async function statingFiles(folder: string): Promise<string[]> {
  // A folder that cannot be listed states nothing.
  const names = await readdir(folder).catch((): string[] => []);
  const yaml = names.filter((name) => /\.ya?ml$/i.test(name)).sort();
  const info = names.filter((name) => name === llamaFactoryFileName);
  return [...info, ...yaml.slice(0, maxYamlFiles)].map((name) => path.join(folder, name));
}

async function readFile(file: string, dataPath: string, limits: DataLimits): Promise<MappingResult> {
  try {
    const text = await readSmallText(file, limits);
    return path.basename(file) === llamaFactoryFileName
      ? readLlamaFactory(parseConfigText(file, text), dataPath)
      : readAxolotl(file, text, dataPath);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, next } = error;
    return { mapping: undefined, problems: [{ file, line: 1, column: 1, severity: 'warning', code, message, next }] };
  }
}
