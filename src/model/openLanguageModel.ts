import { statSync } from 'node:fs';
import path from 'node:path';
import { configLimits, readJsonObject } from '../data/boundedJson';
import { namesIn, statusOf } from '../data/fileAccess';
import { inputError } from '../protocol/errors';
import type { ModelSource, Warning } from '../protocol/requests';
import { type ModelText, openGgufModelText, openModelText } from '../text/openModelText';
import { readGgufTokenizerMetadata } from './checkpoint/gguf/readGgufTokenizerMetadata';
import { type LocateBaseOptions, locateBase } from './checkpoint/locateBase';
import { parseLoraConfig } from './checkpoint/lora/loraConfig';
import { readLoraAdapter } from './checkpoint/lora/readLoraAdapter';
import { openCheckpoint } from './checkpoint/openCheckpoint';
import { requireTensors } from './checkpoint/requireTensors';
import type { Checkpoint, LoraAdapter } from './checkpoint/types';
import type { ModelConfig } from './modelConfig';
import { parameterShapes } from './parameterShapes';
import { parseModelConfig } from './parseModelConfig';

/** A model with its text side, checked but not loaded: only headers, the adapter and the tokenizer are in memory. */
export interface LanguageModel {
  /** Tells this model's sessions from those of other models and of other states of its files. */
  readonly key: string;
  readonly label: string;
  readonly checkpoint: Checkpoint;
  readonly config: ModelConfig;
  readonly adapter: LoraAdapter | undefined;
  readonly text: ModelText;
  readonly warnings: readonly Warning[];
}

export interface OpenModelOptions extends LocateBaseOptions {
  /** What templates that print the date show. */
  readonly now: () => Date;
}

/**
 * Opens a model as the user named it: a Hugging Face folder or GGUF file, an adapter on top of it, or an adapter alone,
 * whose base is then looked up. Every tensor that the architecture needs is there, in the right shape, or this throws.
 *
 * @throws UserError
 */
export async function openLanguageModel(source: ModelSource, options: OpenModelOptions): Promise<LanguageModel> {
  const checkpoint = await openCheckpoint(await basePath(source, options));
  const configFile = checkpoint.format === 'gguf' ? checkpoint.path : path.join(checkpoint.path, 'config.json');
  const config = parseModelConfig(checkpoint.config, configFile);
  const shapes = parameterShapes(config);
  requireTensors(checkpoint, shapes);
  const adapter = source.adapter === undefined ? undefined : await readLoraAdapter(source.adapter, shapes);
  refuseUntiedHead(adapter);
  const text =
    checkpoint.format === 'gguf'
      ? openGgufModelText(await readGgufTokenizerMetadata(checkpoint.path), options.now)
      : openModelText(checkpoint.path, options.now);
  refuseLargerVocabulary(checkpoint.path, text.tokenizer.vocabularySize, config);
  return {
    key: modelKey(source),
    label: source.label,
    checkpoint,
    config,
    adapter,
    text,
    warnings: checkpoint.warnings,
  };
}

/** The base model's folder or file: the one named, or the one the adapter names. */
async function basePath({ path: named, adapter }: ModelSource, options: OpenModelOptions): Promise<string> {
  if (named !== undefined) return named;
  if (adapter === undefined) {
    throw inputError('model-missing', 'No model is named.', 'Give --model, or --adapter with a PEFT folder.');
  }
  const configFile = path.join(adapter, 'adapter_config.json');
  const config = readJsonObject(configFile, configLimits);
  const { baseModelNameOrPath } = parseLoraConfig(configFile, config);
  return locateBase({ folder: path.resolve(adapter), config, baseModelNameOrPath }, options);
}

function refuseUntiedHead(adapter: LoraAdapter | undefined): void {
  if (adapter === undefined || adapter.tiedHead === 'asInBase') return;
  throw inputError(
    'adapter-unties-head',
    `${adapter.folder} replaces the input embedding or the output head of a model that ties the two.`,
    'Merge the adapter into its base with peft (merge_and_unload) and save the result, then open that folder.',
  );
}

function refuseLargerVocabulary(file: string, tokens: number, { vocabularySize }: ModelConfig): void {
  if (tokens <= vocabularySize) return;
  throw inputError(
    'tokenizer-too-large',
    `The tokenizer of ${file} has ${tokens} tokens, the model's embedding only ${vocabularySize} rows.`,
    'Use the tokenizer that belongs to the model, or resize its embedding.',
  );
}

/** Names the files behind a model and their state: path, size and time of each. Another process may have changed them since. */
export function modelKey({ path: model, adapter }: ModelSource): string {
  return [model, adapter].map((place) => (place === undefined ? '' : stampOf(place))).join('|');
}

function stampOf(place: string): string {
  const stats = statusOf(place);
  if (stats === undefined) return place;
  if (!stats.isDirectory()) return `${place} ${stats.size} ${stats.mtimeMs}`;
  const files = [...namesIn(place)].sort().map((name) => `${name} ${stateOf(path.join(place, name))}`);
  return `${place} ${files.join(',')}`;
}

/** Size and time; a link that leads nowhere has none, and whoever needs the file says so. */
function stateOf(file: string): string {
  try {
    const { size, mtimeMs } = statSync(file);
    return `${size} ${mtimeMs}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 'none';
    throw error;
  }
}
