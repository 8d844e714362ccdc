import type { JsonObject, JsonValue } from '../../protocol/json';
import { own } from '../own';
import type { Schema, SchemaName } from '../types';

/** How a field may be spelled, and what its values look like. */
interface FieldShape {
  readonly spellings: readonly string[];
  readonly fits: (value: JsonValue) => boolean;
}

export interface Shape {
  readonly family: Schema['family'];
  readonly required: Readonly<Record<string, FieldShape>>;
  readonly optional: Readonly<Record<string, FieldShape>>;
}

const isText = (value: JsonValue) => typeof value === 'string';
const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: JsonValue) => isList(value) && value.every((item) => typeof item === 'number');
const isTexts = (value: JsonValue) => isList(value) && value.every(isText);
const isTurn = (value: JsonValue) =>
  isObject(value) && ['role', 'from'].some((key) => typeof own(value, key) === 'string');
const isTurns = (value: JsonValue) => isList(value) && value.length > 0 && value.every(isTurn);
const isTextOrTurns = (value: JsonValue) => isText(value) || isTurns(value);
const isVerdict = (value: JsonValue) =>
  typeof value === 'boolean' || (typeof value === 'string' && /^(true|false)$/i.test(value));
const isScalar = (value: JsonValue) => ['string', 'number', 'boolean'].includes(typeof value);
const isOpenAiTurns = (value: JsonValue) => isTurns(value) && Object.hasOwn((value as JsonObject[])[0]!, 'role');
const isShareGptTurns = (value: JsonValue) => isTurns(value) && Object.hasOwn((value as JsonObject[])[0]!, 'from');
const holdsTexts = (key: string) => (value: JsonValue) =>
  isList(value) && value.length > 0 && value.every((item) => isObject(item) && isText(own(item, key) ?? null));
const isWeight = (value: JsonValue) =>
  typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value));

const field = (fits: FieldShape['fits'], ...spellings: string[]): FieldShape => ({ spellings, fits });

const weight = field(isWeight, 'weight', 'loss_weight');
const system = field(isText, 'system', 'system_prompt');
const tools = field((value) => isText(value) || isList(value), 'tools');
const input = field(isText, 'input');
const history = field(isList, 'history');
const instruction = field(isText, 'instruction', 'INSTRUCTION');
const output = field(isText, 'output', 'response', 'RESPONSE', 'answer', 'completion');
const turns = field(isTurns, 'messages', 'conversations', 'conversation');

/** Every row shape that is recognised, the more telling before the less telling: a total table in the order of names. */
export const shapes: Readonly<Record<SchemaName, Shape>> = {
  tokens: {
    family: 'tokens',
    required: { ids: field(isNumbers, 'input_ids') },
    optional: { mask: field(isNumbers, 'attention_mask'), labels: field(isNumbers, 'labels'), weight },
  },
  segments: {
    family: 'text',
    required: { segments: field(holdsTexts('text'), 'segments') },
    optional: { weight },
  },
  'openai-preference': {
    family: 'preference',
    required: {
      input: field((value) => isObject(value) && isTurns(own(value, 'messages') ?? null), 'input'),
      chosen: field(isTurns, 'preferred_output'),
      rejected: field(isTurns, 'non_preferred_output'),
    },
    optional: { weight },
  },
  'ranked-answers': {
    family: 'preference',
    required: { prompt: field(isTextOrTurns, 'prompt', 'question'), answers: field(holdsTexts('answer'), 'answers') },
    optional: { weight, system },
  },
  'chat-preference': {
    family: 'preference',
    required: { messages: turns, chosen: field(isTurn, 'chosen'), rejected: field(isTurn, 'rejected') },
    optional: { weight, system, tools },
  },
  dpo: {
    family: 'preference',
    required: { chosen: field(isTextOrTurns, 'chosen'), rejected: field(isTextOrTurns, 'rejected') },
    optional: {
      prompt: field(isTextOrTurns, 'prompt', 'question'),
      instruction,
      input,
      history,
      system,
      tools,
      weight,
    },
  },
  stepwise: {
    family: 'labelled',
    required: {
      prompt: field(isText, 'prompt'),
      completions: field(isTexts, 'completions'),
      label: field(isList, 'labels'),
    },
    optional: { weight },
  },
  'chat-kto': {
    family: 'labelled',
    required: { messages: turns, label: field(isVerdict, 'kto_tag', 'label') },
    optional: { system, tools, weight },
  },
  kto: {
    family: 'labelled',
    required: {
      prompt: field(isTextOrTurns, 'prompt'),
      completion: field(isTextOrTurns, 'completion', 'response'),
      label: field(isVerdict, 'label', 'kto_tag'),
    },
    optional: { system, weight },
  },
  'openai-chat': {
    family: 'chat',
    required: { messages: field(isOpenAiTurns, 'messages', 'conversations', 'conversation') },
    optional: { tools, system, weight },
  },
  sharegpt: {
    family: 'chat',
    required: { messages: field(isShareGptTurns, 'conversations', 'messages', 'conversation') },
    optional: { tools, system, weight },
  },
  'alpaca-kto': {
    family: 'labelled',
    required: { instruction, output, label: field(isVerdict, 'kto_tag') },
    optional: { input, system, history, weight },
  },
  alpaca: {
    family: 'instruction',
    required: { instruction, output },
    optional: { input, system, history, weight },
  },
  'system-question-response': {
    family: 'instruction',
    required: {
      system: field(isText, 'system_prompt'),
      instruction: field(isText, 'question'),
      output: field(isText, 'response'),
    },
    optional: { weight },
  },
  'question-answer': {
    family: 'instruction',
    required: { instruction: field(isText, 'question'), output: field(isText, 'answer', 'response') },
    optional: { system, weight },
  },
  'prompt-generation': {
    family: 'instruction',
    required: { instruction: field(isText, 'prompt'), output: field(isText, 'generation') },
    optional: { system, weight },
  },
  'prompt-completion': {
    family: 'instruction',
    required: { prompt: field(isTextOrTurns, 'prompt'), completion: field(isTextOrTurns, 'completion') },
    optional: { weight, tools },
  },
  'prompt-response': {
    family: 'instruction',
    required: { instruction: field(isText, 'prompt'), output: field(isText, 'response') },
    optional: { system, weight },
  },
  'text-label': {
    family: 'labelled',
    required: { text: field(isText, 'text'), label: field(isScalar, 'label') },
    optional: { weight },
  },
  text: {
    family: 'text',
    required: { text: field(isText, 'text') },
    optional: { weight },
  },
};
