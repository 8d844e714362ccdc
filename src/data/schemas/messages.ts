import type { JsonObject, JsonValue } from '../../protocol/json';
import { textStructure } from '../jsonText';
import { own, ownEntries } from '../own';
import type { Message, Role, Schema, SpelledRole, TrainSpan } from '../types';
import { RowFault, wrongType } from './fault';

/** Role spellings of ShareGPT, OpenAI, Open Assistant and their kin. */
export const commonRoles: Readonly<Record<string, SpelledRole>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  bot: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  tool: 'tool',
  observation: 'tool',
  function: 'tool',
  function_response: 'tool',
  ipython: 'tool',
  function_call: 'functionCall',
};

const maxToolDepth = 50;

/** A list of turns as the file spells them. `place` names the list in messages. */
export function readMessages(list: readonly JsonValue[], place: string, schema: Schema): Message[] {
  if (list.length === 0) throw new RowFault('no-turns', `the field ${place} is an empty list.`, 'Add turns to it.');
  const messages = list.map((item, index) => readMessage(item, `${place}[${index}]`, schema));
  return applyTrainRule(messages, schema);
}

/** Marks turns by the rule that the schema states; a turn that says so itself keeps its word. */
export function applyTrainRule(messages: readonly Message[], schema: Schema): Message[] {
  const rule = schema.train;
  if (rule === 'trainer') return [...messages];
  return messages.map((message, index) => {
    const train = rule === 'last' ? index === messages.length - 1 : rule.includes(message.role);
    return message.train === undefined ? { ...message, train } : message;
  });
}

/** One turn. */
export function readMessage(value: JsonValue, place: string, schema: Schema): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(place, 'an object', value);
  const item = value as JsonObject;
  const keys = messageKeys(item, schema);
  const spelledRole = own(item, keys.role);
  if (typeof spelledRole !== 'string') throw wrongType(`${place}.${keys.role}`, 'a text', spelledRole);
  const role = own(schema.roles, spelledRole) as SpelledRole | undefined;
  if (role === undefined) {
    const known = Object.keys(schema.roles).join(', ');
    throw new RowFault('role-unknown', `${place}.${keys.role} is "${clip(spelledRole)}".`, `Use one of ${known}.`);
  }
  const consumed = new Set([
    keys.role,
    keys.content,
    keys.train,
    keys.trainDetail,
    'weight',
    'training',
    'loss_weight',
  ]);
  const rest = Object.entries(item).filter(([key, entry]) => !consumed.has(key) && entry !== null);
  const extra = toolCalls(role, rest, item, keys.content);
  const isCall = own(extra, 'tool_calls') !== undefined;
  const content =
    role === 'functionCall' && isCall ? '' : readContent(own(item, keys.content), `${place}.${keys.content}`, isCall);
  return {
    role: role === 'functionCall' ? 'assistant' : role,
    content,
    extra,
    train: readTrain(item, keys, place),
    trainSpans: readSpans(own(item, keys.trainDetail), content, `${place}.${keys.trainDetail}`),
  };
}

interface MessageKeys {
  readonly role: string;
  readonly content: string;
  readonly train: string;
  readonly trainDetail: string;
}

function messageKeys(item: JsonObject, schema: Schema): MessageKeys {
  const stated = (field: string) => own(schema.fields, field) as string | undefined;
  const first = (field: string, ...spellings: string[]) =>
    stated(field) ?? spellings.find((spelling) => Object.hasOwn(item, spelling)) ?? spellings[0]!;
  return {
    role: first('role', 'role', 'from'),
    content: first('content', 'content', 'value'),
    train: stated('train') ?? 'train',
    trainDetail: stated('trainDetail') ?? 'train_detail',
  };
}

/** Text, or typed parts that are all text (`{type: 'text', text}`; LLaMA-Factory: `{type: 'text', value}`). */
function readContent(value: JsonValue | undefined, place: string, isCall: boolean): string {
  if (typeof value === 'string') return value;
  if ((value === null || value === undefined) && isCall) return '';
  if (!Array.isArray(value)) throw wrongType(place, 'a text or a list of parts', value);
  return value
    .map((part: JsonValue, index) => {
      if (typeof part === 'string') return part;
      const at = `${place}[${index}]`;
      if (typeof part !== 'object' || part === null || Array.isArray(part)) throw wrongType(at, 'an object', part);
      const text = own(part as JsonObject, 'text') ?? own(part as JsonObject, 'value');
      const type = own(part as JsonObject, 'type');
      if (typeof type === 'string' && !['text', 'input_text', 'output_text'].includes(type)) {
        throw new RowFault(
          'content-unsupported',
          `${at} is of the type "${clip(type)}"; Whence reads text alone.`,
          'Remove this part or leave the row out.',
        );
      }
      if (typeof text !== 'string') throw wrongType(`${at}.text`, 'a text', text);
      return text;
    })
    .join('');
}

/** The other keys of a turn; ShareGPT's `function_call` role and OpenAI's old `function_call` key become `tool_calls`. */
function toolCalls(
  role: SpelledRole,
  rest: readonly (readonly [string, JsonValue])[],
  item: JsonObject,
  contentKey: string,
): JsonObject {
  const kept = rest.filter(
    ([key, value]) => key !== 'function_call' && !(key === 'tool_calls' && Array.isArray(value) && value.length === 0),
  );
  const old = own(item, 'function_call');
  const content = own(item, contentKey);
  const calls = role === 'functionCall' && typeof content === 'string' ? parsedCalls(content) : undefined;
  const functions = calls ?? (typeof old === 'object' && old !== null ? [old] : undefined);
  if (functions === undefined) return ownEntries(kept);
  return ownEntries([...kept, ['tool_calls', functions.map((call) => ({ type: 'function', function: call }))]]);
}

/** `{"name", "arguments"}` or a list of them; undefined where the text is something else and stays the content. */
function parsedCalls(text: string): readonly JsonValue[] | undefined {
  const value = parsedJson(text);
  const calls = Array.isArray(value) ? value : [value];
  const named = calls.every(
    (call) => typeof call === 'object' && call !== null && !Array.isArray(call) && Object.hasOwn(call, 'name'),
  );
  return named && calls.length > 0 ? (calls as readonly JsonValue[]) : undefined;
}

function parsedJson(text: string): JsonValue | undefined {
  if (textStructure(text).depth > maxToolDepth) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // Not JSON: the caller decides what the text is then.
    return undefined;
  }
}

/** Tool descriptions: a list, or a text that holds one as JSON (ShareGPT). */
export function readTools(value: JsonValue | undefined, place: string): readonly JsonValue[] | undefined {
  if (value === undefined || value === '') return undefined;
  const list = typeof value === 'string' ? parsedJson(value) : value;
  if (Array.isArray(list)) return list.length === 0 ? undefined : (list as readonly JsonValue[]);
  throw wrongType(place, 'a list of tools, or such a list as JSON text', value);
}

/** OpenAI `weight` 0 or 1, Axolotl `train` or `training`, LLaMA-Factory `loss_weight`. */
function readTrain(item: JsonObject, keys: MessageKeys, place: string): boolean | undefined {
  for (const key of [keys.train, 'training', 'weight', 'loss_weight']) {
    const value = own(item, key) ?? undefined;
    if (value === undefined) continue;
    if (typeof value === 'boolean') return value;
    if (value === 0 || value === 1) return value === 1;
    throw new RowFault(
      'turn-weight',
      `${place}.${key} is ${clip(JSON.stringify(value))}; a turn is trained (1, true) or not (0, false).`,
      'Use a weight of the whole row for anything between.',
    );
  }
  return undefined;
}

/**
 * Axolotl's `train_detail`: offsets count code points from 0 and the end is inclusive; spans here count UTF-16 units and
 * the end is exclusive.
 */
function readSpans(value: JsonValue | undefined, content: string, place: string): readonly TrainSpan[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrongType(place, 'a list', value);
  const starts: number[] = [];
  for (let i = 0; i < content.length; i += content.codePointAt(i)! > 0xffff ? 2 : 1) starts.push(i);
  starts.push(content.length);
  return value.map((item: JsonValue, index) => {
    const at = `${place}[${index}]`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw wrongType(at, 'an object', item);
    const begin = own(item as JsonObject, 'begin_offset');
    const end = own(item as JsonObject, 'end_offset');
    const train = own(item as JsonObject, 'train');
    if (typeof train !== 'boolean') throw wrongType(`${at}.train`, 'true or false', train);
    const last = starts.length - 2;
    if (!isOffset(begin) || !isOffset(end) || begin > end || end > last) {
      throw new RowFault(
        'train-detail-range',
        `${at} spans ${clip(JSON.stringify(begin ?? null))} to ${clip(JSON.stringify(end ?? null))}; the content has the characters 0 to ${last}.`,
        'Correct begin_offset and end_offset (both inclusive).',
      );
    }
    return { begin: starts[begin]!, end: starts[end + 1]!, train };
  });
}

function isOffset(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** Whether the trainer would train anything of a conversation. */
export function isAnyTurnTrained(messages: readonly Message[]): boolean {
  const trained = ({ role, train, trainSpans }: Message) =>
    train ?? (trainSpans === undefined ? role === 'assistant' : trainSpans.some((span) => span.train));
  return messages.some(trained);
}

export function turn(role: Role, content: string): Message {
  return { role, content, extra: {}, train: undefined, trainSpans: undefined };
}

export function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
