import path from 'node:path';
import { parseDocument } from 'yaml';
import type { JsonObject, JsonValue } from '../../protocol/json';
import type { ConfigProblem } from '../config/check';
import { textStructure } from '../jsonText';
import { own } from '../own';
import { detectedSchema } from '../schemas/detect';
import { alpacaPlain, type PlainStyle } from '../schemas/promptStyle';
import { shapes } from '../schemas/shapes';
import type { Role, Schema, SchemaName, SpelledRole } from '../types';
import type { MappingResult } from './types';

/** Aliases that a YAML file may unfold: a handful is normal, thousands are an attack. */
const maxAliases = 100;
const maxDatasets = 1000;
const maxLength = 2 ** 20;
const maxDepth = 50;
const deeplyIndented = /^ {200}/m;

const roleDefaults: Readonly<Record<string, SpelledRole>> = {
  human: 'user',
  user: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  system: 'system',
  tool: 'tool',
};
const allRoles: readonly Role[] = ['system', 'developer', 'user', 'assistant', 'tool'];

/**
 * What an Axolotl configuration says of a data file; no mapping where it does not name the file. Dataset paths are
 * relative to the folder Axolotl was started in, which the file does not say: its own folder, the one above and any
 * folder the data path ends with are tried.
 */
export function readAxolotl(file: string, text: string, dataPath: string): MappingResult {
  if (!/^datasets\s*:/m.test(text)) return { mapping: undefined, problems: [] };
  const config = parseYaml(file, text);
  if ('message' in config) return { mapping: undefined, problems: [config as ConfigProblem] };
  const datasets = own(config as JsonObject, 'datasets');
  if (!Array.isArray(datasets)) return { mapping: undefined, problems: [] };
  for (const [index, dataset] of (datasets as readonly JsonValue[]).slice(0, maxDatasets).entries()) {
    if (isObject(dataset) && namesFile(dataset, file, dataPath)) {
      return readDataset(file, `datasets[${index}]`, config as JsonObject, dataset);
    }
  }
  return { mapping: undefined, problems: [] };
}

function parseYaml(file: string, text: string): JsonObject | ConfigProblem {
  // The parser takes time in the square of the depth, by brackets or by indentation.
  if (text.length > maxLength || textStructure(text).depth > maxDepth || deeplyIndented.test(text)) {
    return problem(file, 1, 1, 'bad-yaml', 'this YAML is too large or nested too deep.');
  }
  try {
    const document = parseDocument(text, { logLevel: 'silent', merge: false });
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 };
      return problem(file, line, col, 'bad-yaml', `not YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}.`);
    }
    // Through JSON, so that dates, maps and other YAML types become plain values.
    const value = JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: maxAliases })) ?? 'null') as JsonValue;
    return isObject(value) ? value : {};
  } catch (error) {
    // Too many aliases (ReferenceError), too deep (RangeError), circular (TypeError): all the file's own fault.
    return problem(file, 1, 1, 'bad-yaml', `this YAML cannot be read: ${(error as Error).message}.`);
  }
}

function readDataset(file: string, place: string, config: JsonObject, dataset: JsonObject): MappingResult {
  const problems: ConfigProblem[] = [];
  const text = (key: string) => textOf(own(dataset, key));
  const type = own(dataset, 'type') ?? null;
  const trainOnInputs = (own(dataset, 'train_on_inputs') ?? own(config, 'train_on_inputs')) === true;
  const train: Schema['train'] = trainOnInputs ? allRoles : 'trainer';
  const schema = isObject(type) ? userDefined(type) : named(type);
  const eos = own(dataset, 'train_on_eos') ?? own(config, 'train_on_eos') ?? 'turn';
  if (schema !== undefined && eos !== 'turn' && schema.train !== 'last') {
    problems.push(
      problem(
        file,
        1,
        1,
        'mapping-partial',
        `${place}.train_on_eos is ${JSON.stringify(eos).slice(0, 60)}; Whence trains the end token of each trained turn.`,
      ),
    );
  }
  if (schema === undefined) {
    const shown = JSON.stringify(type).slice(0, 60);
    const message = `${place}.type is ${shown}, which Whence does not know; the schema is detected instead.`;
    return { mapping: undefined, problems: [problem(file, 1, 1, 'mapping-unknown', message)] };
  }
  const length = own(config, 'sequence_len');
  const packing = own(config, 'sample_packing');
  const template = text('chat_template') ?? textOf(own(config, 'chat_template'));
  return {
    mapping: {
      schema,
      maxLength: typeof length === 'number' && Number.isInteger(length) && length > 0 ? length : undefined,
      packing: typeof packing === 'boolean' ? (packing ? 'yes' : 'no') : undefined,
      chatTemplate: template === 'tokenizer_default' ? undefined : template,
    },
    problems,
  };

  function stated(name: SchemaName, fields: Readonly<Record<string, string>>, more: Partial<Schema> = {}): Schema {
    return { ...detectedSchema(name, fields), family: shapes[name].family, source: file, train, ...more };
  }

  function named(typeName: JsonValue): Schema | undefined {
    switch (typeName) {
      case null:
        return stated('tokens', { ids: 'input_ids', mask: 'attention_mask', labels: 'labels' });
      case 'completion':
        return stated('text', { text: text('field') ?? 'text' });
      case 'input_output':
        return stated('segments', { segments: 'segments' });
      case 'alpaca':
        return stated('alpaca', alpacaFields('output'), { prompt: alpacaPlain });
      case 'gpteacher':
        return stated('alpaca', alpacaFields('response'), { prompt: alpacaPlain });
      case 'oasst':
        return stated('alpaca', { instruction: 'INSTRUCTION', output: 'RESPONSE' }, { prompt: alpacaPlain });
      case 'sharegpt':
        return stated(
          'sharegpt',
          {
            messages: text('field_messages') ?? 'conversations',
            role: 'from',
            content: 'value',
          },
          { roles: roleDefaults },
        );
      case 'chat_template':
        return chatTemplate();
      default:
        return undefined;
    }
  }

  function chatTemplate(): Schema {
    const mapped = own(dataset, 'message_property_mappings');
    const property = (key: string, legacy: string) =>
      (isObject(mapped) ? textOf(own(mapped, key)) : undefined) ?? text(legacy) ?? key;
    const role = property('role', 'message_field_role');
    const training = text('message_field_training');
    const detail = text('message_field_training_detail');
    const fields = {
      messages: text('field_messages') ?? 'messages',
      role,
      content: property('content', 'message_field_content'),
      system: text('field_system') ?? 'system',
      tools: text('field_tools') ?? 'tools',
      ...(training === undefined ? {} : { train: training }),
      ...(detail === undefined ? {} : { trainDetail: detail }),
    };
    const roles = spelledRoles();
    const name = role === 'role' ? 'openai-chat' : 'sharegpt';
    return stated(name, fields, { roles, train: trainOnInputs ? allRoles : trainedRoles(roles) });
  }

  /** `roles`: role -> its spellings in the data. */
  function spelledRoles(): Readonly<Record<string, SpelledRole>> {
    const groups = own(dataset, 'roles');
    if (!isObject(groups)) return roleDefaults;
    const pairs = Object.entries(groups).flatMap(([target, sources]) => {
      const role = own(roleDefaults as unknown as JsonObject, target) as SpelledRole | undefined;
      if (role === undefined || !Array.isArray(sources)) return [];
      return sources.filter((source): source is string => typeof source === 'string').map((source) => [source, role]);
    });
    return Object.fromEntries(pairs) as Record<string, SpelledRole>;
  }

  /** Left out: assistant turns. An empty value together with an empty `train_on_eos`: the last turn alone. */
  function trainedRoles(roles: Readonly<Record<string, SpelledRole>>): Schema['train'] {
    if (!Object.hasOwn(dataset, 'roles_to_train')) return 'trainer';
    const wanted = own(dataset, 'roles_to_train');
    if (Array.isArray(wanted)) {
      const found = (wanted as readonly JsonValue[]).flatMap((spelling) => {
        const role = typeof spelling === 'string' && Object.hasOwn(roles, spelling) ? roles[spelling] : spelling;
        return allRoles.filter((known) => known === role);
      });
      return found;
    }
    return own(dataset, 'train_on_eos') === null ? 'last' : [];
  }

  /** `type: {field_instruction, field_input, field_output, format, …}`. */
  function userDefined(fields: JsonObject): Schema {
    const field = (key: string, standard: string) => textOf(own(fields, key)) ?? standard;
    const system = textOf(own(fields, 'system_prompt')) ?? '';
    const systemFormat = textOf(own(fields, 'system_format')) ?? '{system}';
    const format = textOf(own(fields, 'format')) ?? '{instruction} {input} ';
    const withoutInput = textOf(own(fields, 'no_input_format')) ?? format;
    const opening = system === '' && own(fields, 'field_system') === undefined ? '' : systemFormat;
    const prompt: PlainStyle = {
      kind: 'plain',
      withInput: opening + format,
      withoutInput: opening + withoutInput,
      systemWithInput: system,
      systemWithoutInput: system,
    };
    return stated(
      'alpaca',
      {
        instruction: field('field_instruction', 'instruction'),
        input: field('field_input', 'input'),
        output: field('field_output', 'output'),
        system: field('field_system', 'system'),
      },
      { prompt },
    );
  }
}

function alpacaFields(output: string): Readonly<Record<string, string>> {
  return { instruction: 'instruction', input: 'input', output };
}

function namesFile(dataset: JsonObject, file: string, dataPath: string): boolean {
  const files = own(dataset, 'data_files') ?? [];
  const candidates = [own(dataset, 'path'), ...(Array.isArray(files) ? files : [files])];
  return candidates.some((candidate) => {
    if (typeof candidate !== 'string' || candidate === '' || candidate.includes('\0')) return false;
    const folder = path.dirname(file);
    if ([folder, path.dirname(folder)].some((from) => path.resolve(from, candidate) === dataPath)) return true;
    const ending = path.normalize(candidate).replace(/^(\.\.?[\\/])+/, '');
    return ending.includes('.') && dataPath.endsWith(path.sep + ending);
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function problem(file: string, line: number, column: number, code: string, message: string): ConfigProblem {
  const next = 'Correct it, or state the schema in whence.json.';
  return { file, line, column, severity: 'warning', code, message: `${file}:${line}:${column}: ${message}`, next };
}
