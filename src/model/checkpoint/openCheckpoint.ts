/** Opens a model on disk: a Hugging Face folder or a GGUF file. Only headers are read. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { configLimits, readJsonObject } from '../../data/boundedJson';
import { statusOf } from '../../data/fileAccess';
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import { canonicalName, embeddingNames, isTied } from './canonicalNames';
import { openGguf } from './gguf/openGguf';
import { sameBytes } from './sameBytes';
import { readFolderTensors } from './shards';
import { textPart } from './textPart';
import type { Checkpoint, CheckpointWarning, StoredTensor, TensorLocation } from './types';

/**
 * Whether the model is complete is for its architecture to say (`requireTensors`). Throws a UserError for everything that
 * is damaged, contradictory or unreadable.
 */
export async function openCheckpoint(checkpointPath: string): Promise<Checkpoint> {
  const resolved = path.resolve(checkpointPath);
  const status = statusOf(resolved);
  if (status === undefined) {
    throw inputError('model-missing', `${checkpointPath} does not exist.`, 'Name a model folder or a .gguf file.');
  }
  if (status.isDirectory()) return openFolder(resolved);
  if (resolved.endsWith('.safetensors')) {
    throw inputError(
      'model-no-config',
      `${checkpointPath} holds weights without the config.json that says what they are.`,
      'Name the folder that holds both.',
    );
  }
  return openGguf(resolved);
}

async function openFolder(folder: string): Promise<Checkpoint> {
  const configFile = path.join(folder, 'config.json');
  if (!existsSync(configFile)) throw noConfig(folder);
  const config = readJsonObject(configFile, configLimits);
  const modelType = config.model_type;
  if (typeof modelType !== 'string') {
    throw inputError('config-no-model-type', `${configFile} does not say its model_type.`, 'Fetch config.json again.');
  }
  const stored = await readFolderTensors(folder);
  const part = modelType === 'gemma3' ? textPart(config, stored) : undefined;
  const locations = canonicalise(folder, modelType, part?.tensors ?? stored);
  dropTiedHead(configFile, part?.config ?? config, locations);
  return {
    path: folder,
    format: 'safetensors',
    config: part?.config ?? config,
    tensors: new Map(
      [...locations].map(([name, location]): [string, StoredTensor] => [name, { kind: 'plain', location }]),
    ),
    sourceFiles: [...new Set([realpathSync(configFile), ...[...locations.values()].map(({ file }) => file)])],
    warnings: part === undefined ? [] : [textPartWarning(folder)],
  };
}

function textPartWarning(folder: string): CheckpointWarning {
  return {
    code: 'text-part',
    message: `${folder} also reads images; its text part alone is used, and what is trained from it is a text model (Gemma3ForCausalLM).`,
  };
}

function noConfig(folder: string): Error {
  if (existsSync(path.join(folder, 'adapter_config.json'))) {
    return inputError(
      'model-is-adapter',
      `${folder} is a PEFT adapter, not a whole model.`,
      'Name it as the adapter (--adapter) and its base model as the model.',
    );
  }
  return inputError(
    'model-no-config',
    `${folder} holds no config.json.`,
    'Name a Hugging Face model folder or a .gguf file.',
  );
}

function canonicalise(
  folder: string,
  modelType: string,
  stored: ReadonlyMap<string, TensorLocation>,
): Map<string, TensorLocation> {
  const locations = new Map<string, TensorLocation>();
  for (const [name, location] of stored) {
    const canonical = canonicalName(modelType, name);
    if (canonical === undefined) continue;
    if (locations.has(canonical)) {
      throw inputError(
        'checkpoint-name-twice',
        `${folder} holds ${canonical} twice, with and without its prefix.`,
        'Save the model again.',
      );
    }
    locations.set(canonical, { ...location, name: canonical });
  }
  return locations;
}

/** A tied head that is stored as well must be the embedding: which of two different ones was meant is not ours to guess. */
function dropTiedHead(configFile: string, config: JsonObject, locations: Map<string, TensorLocation>): void {
  if (!isTied(config) || typeof config.model_type !== 'string') return;
  const { input, output } = embeddingNames(config.model_type);
  const head = locations.get(output);
  const embedding = locations.get(input);
  if (head === undefined || embedding === undefined) return;
  if (head.dtype !== embedding.dtype || !sameBytes(head, embedding)) {
    throw inputError(
      'tied-head-differs',
      `${configFile} ties the output head to the input embedding, yet ${output} is stored and differs from ${input}.`,
      'Set tie_word_embeddings to false if the stored head is meant, or save the model without it.',
    );
  }
  locations.delete(output);
}
