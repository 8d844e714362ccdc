/** Finds the chat template of a model: beside its tokenizer, or in GGUF metadata. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { inputError } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';
import { readJsonObjectIfPresent, readTextFileIfPresent } from '../boundedJson';
import type { SpecialSpellings } from '../tokenizer/createTokenizer';
import { ggufSpecialSpellings } from '../tokenizer/ggufTokenizer';
import { readSpecialSpellings } from '../tokenizer/openTokenizer';
import type { ChatTemplate, GgufTokenizerMetadata } from '../types';
import { createChatTemplate } from './chatTemplate';

/** Files are taken as transformers does: chat_template.jinja, then chat_template.json, then tokenizer_config.json. */
export function openChatTemplate(folder: string, now: () => Date): ChatTemplate | undefined {
  const configFile = path.join(folder, 'tokenizer_config.json');
  const config = readJsonObjectIfPresent(configFile) ?? {};
  const map = readJsonObjectIfPresent(path.join(folder, 'special_tokens_map.json')) ?? {};
  const found = findSources(folder, configFile, config);
  if (found === undefined) return undefined;
  const specialTokens = templateTokens(readSpecialSpellings(config, map));
  return createChatTemplate({ ...found, specialTokens, now });
}

/** The template in GGUF metadata, undefined where there is none. */
export function openGgufChatTemplate(metadata: GgufTokenizerMetadata, now: () => Date): ChatTemplate | undefined {
  const sources = new Map(metadata.namedChatTemplates);
  if (metadata.chatTemplate !== undefined) sources.set('default', metadata.chatTemplate);
  if (sources.size === 0) return undefined;
  const specialTokens = templateTokens(ggufSpecialSpellings(metadata));
  return createChatTemplate({ name: `${metadata.file} (tokenizer.chat_template)`, sources, specialTokens, now });
}

interface FoundSources {
  readonly name: string;
  readonly sources: ReadonlyMap<string, string>;
}

function findSources(folder: string, configFile: string, config: JsonObject): FoundSources | undefined {
  const jinjaFile = path.join(folder, 'chat_template.jinja');
  const jinja = readTextFileIfPresent(jinjaFile);
  const further = readFurther(path.join(folder, 'additional_chat_templates'));
  if (jinja !== undefined) return { name: jinjaFile, sources: new Map([...further, ['default', jinja]]) };
  const jsonFile = path.join(folder, 'chat_template.json');
  const json = readJsonObjectIfPresent(jsonFile);
  if (json?.chat_template !== undefined) return { name: jsonFile, sources: readSources(jsonFile, json.chat_template) };
  const inConfig = config.chat_template;
  if (inConfig === undefined || inConfig === null) return undefined;
  return { name: configFile, sources: readSources(configFile, inConfig) };
}

/** `additional_chat_templates/NAME.jinja`; at most a hundred, which is far more than any model has. */
function readFurther(folder: string): Map<string, string> {
  const further = new Map<string, string>();
  for (const file of listFolder(folder).slice(0, 100)) {
    const source = readTextFileIfPresent(path.join(folder, file));
    if (source !== undefined) further.set(path.basename(file, '.jinja'), source);
  }
  return further;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.jinja'))
      .sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** A string, a list of `{ "name", "template" }`, or an object of named templates. */
function readSources(file: string, value: JsonValue): Map<string, string> {
  if (typeof value === 'string') return new Map([['default', value]]);
  const sources = new Map<string, string>();
  if (Array.isArray(value)) {
    for (const entry of value as readonly JsonValue[]) {
      const { name, template } = isJsonObject(entry) ? entry : {};
      if (typeof name !== 'string' || typeof template !== 'string') throw badSources(file);
      sources.set(name, template);
    }
  } else if (isJsonObject(value)) {
    for (const [name, template] of Object.entries(value)) {
      if (typeof template !== 'string') throw badSources(file);
      sources.set(name, template);
    }
  }
  if (sources.size === 0) throw badSources(file);
  return sources;
}

function badSources(file: string): Error {
  return inputError(
    'template-missing',
    `${file}: chat_template is neither a template nor a list of named templates.`,
    'Fetch the tokenizer files of the model again.',
  );
}

function templateTokens(special: SpecialSpellings): Record<string, string> {
  const entries: [string, string | undefined][] = [
    ['bos_token', special.bos],
    ['eos_token', special.eos],
    ['pad_token', special.pad],
    ['unk_token', special.unknown],
  ];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
