import path from 'node:path';
import type { JsonObject, JsonValue } from '../../protocol/json';
import { type ConfigText, type Place, problemAtPlace, showPlace } from '../config/check';
import { own } from '../own';
import { article } from '../parseRow';
import { newlineTurns } from '../schemas/promptStyle';
import { shapes } from '../schemas/shapes';
import type { Schema, SchemaName, SpelledRole } from '../types';
import type { MappingResult } from './types';

export const llamaFactoryFileName = 'dataset_info.json';

/** Tags of a turn where the file gives none (LLaMA-Factory's DatasetAttr). */
const tagDefaults = {
  role_tag: 'from',
  content_tag: 'value',
  user_tag: 'human',
  assistant_tag: 'gpt',
  observation_tag: 'observation',
  function_tag: 'function_call',
  system_tag: 'system',
} as const;

const nothing: MappingResult = { mapping: undefined, problems: [] };

/** What LLaMA-Factory's `dataset_info.json` says of a data file; no mapping where it does not name the file. */
export function readLlamaFactory(config: ConfigText, dataPath: string): MappingResult {
  const info = config.value;
  if (info === undefined) return { mapping: undefined, problems: config.problems };
  if (!isObject(info)) return nothing;
  for (const [name, entry] of Object.entries(info)) {
    if (!isObject(entry)) continue;
    const fileName = own(entry, 'file_name');
    if (typeof fileName !== 'string' || fileName.includes('\0')) continue;
    const target = path.resolve(path.dirname(config.file), fileName);
    if (target === dataPath || dataPath.startsWith(target + path.sep)) return readEntry(config, name, entry);
  }
  return nothing;
}

function readEntry(config: ConfigText, name: string, entry: JsonObject): MappingResult {
  const columns = own(entry, 'columns') ?? null;
  const tags = own(entry, 'tags') ?? null;
  const formatting = own(entry, 'formatting') ?? 'alpaca';
  for (const [key, group] of [['columns', columns] as const, ['tags', tags] as const]) {
    const wrong = wrongEntry(group);
    if (wrong !== undefined) return refused([name, key, ...wrong]);
  }
  const column = (key: string, standard: string | undefined): string | undefined =>
    // As the trainer does: once columns are given, those left out are not read.
    isObject(columns) ? textOf(own(columns, key)) : standard;
  const tag = (key: keyof typeof tagDefaults): string =>
    (isObject(tags) ? textOf(own(tags, key)) : undefined) ?? tagDefaults[key];

  const common = {
    system: column('system', undefined),
    tools: column('tools', undefined),
    chosen: column('chosen', undefined),
    rejected: column('rejected', undefined),
    label: column('kto_tag', undefined),
  };
  if (formatting === 'alpaca') {
    const texts = {
      instruction: column('prompt', 'instruction'),
      input: column('query', 'input'),
      output: column('response', 'output'),
      history: column('history', undefined),
    };
    if (own(entry, 'ranking') === true)
      return result('dpo', { ...common, ...texts, output: undefined, label: undefined });
    if (common.label !== undefined) return result('alpaca-kto', { ...common, ...texts });
    // Without a response column the prompt column is text to pre-train on.
    if (texts.output === undefined) return result('text', { text: texts.instruction });
    return result('alpaca', { ...common, ...texts });
  }
  if (formatting === 'sharegpt' || formatting === 'openai') {
    const turns = {
      messages: column('messages', 'conversations'),
      role: tag('role_tag'),
      content: tag('content_tag'),
    };
    const roles: Record<string, SpelledRole> = {
      [tag('system_tag')]: 'system',
      [tag('observation_tag')]: 'tool',
      [tag('function_tag')]: 'functionCall',
      [tag('user_tag')]: 'user',
      [tag('assistant_tag')]: 'assistant',
    };
    const plain = turns.role === 'role' ? 'openai-chat' : 'sharegpt';
    const schemaName =
      own(entry, 'ranking') === true ? 'chat-preference' : common.label === undefined ? plain : 'chat-kto';
    return result(schemaName, { ...common, ...turns }, roles);
  }
  return refused([name, 'formatting']);

  function result(
    schemaName: SchemaName,
    wanted: Readonly<Record<string, string | undefined>>,
    roles: Readonly<Record<string, SpelledRole>> = {},
  ): MappingResult {
    const shape = shapes[schemaName];
    const missing = Object.keys(shape.required).find((field) => wanted[field] === undefined);
    if (missing !== undefined) {
      const problem = problemAtPlace(
        config,
        [name, 'columns'],
        'warning',
        'mapping-incomplete',
        `${name}: no column is named for ${missing}, which ${schemaName} needs; the schema is detected instead.`,
        'Name the column.',
      );
      return { mapping: undefined, problems: [problem] };
    }
    const read = [...Object.keys(shape.required), ...Object.keys(shape.optional), 'role', 'content'];
    const fields = Object.fromEntries(
      Object.entries(wanted).filter(
        (pair): pair is [string, string] => pair[1] !== undefined && read.includes(pair[0]),
      ),
    );
    const schema: Schema = {
      name: schemaName,
      family: shape.family,
      fields,
      source: config.file,
      roles,
      train: 'trainer',
      prompt: newlineTurns,
    };
    return { mapping: { schema, maxLength: undefined, packing: undefined, chatTemplate: undefined }, problems: [] };
  }

  function refused(place: Place): MappingResult {
    const value = place.reduce<JsonValue | undefined>(
      (at, part) => (isObject(at) ? own(at, String(part)) : undefined),
      config.value,
    );
    const shown = typeof value === 'string' ? `"${value.slice(0, 60)}"` : article(value);
    const message = `${showPlace(place)} is ${shown}; the mapping is not used.`;
    const next = 'Correct it as LLaMA-Factory describes it.';
    return {
      mapping: undefined,
      problems: [problemAtPlace(config, place, 'warning', 'mapping-unknown', message, next)],
    };
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The place of what is no name in a group of names; undefined where all is well. */
function wrongEntry(group: JsonValue): Place | undefined {
  if (group === null) return undefined;
  if (!isObject(group)) return [];
  const wrong = Object.entries(group).find(([, value]) => typeof value !== 'string' && value !== null);
  return wrong === undefined ? undefined : [wrong[0]];
}
