import type { JsonObject, JsonValue } from '../../protocol/json';
import { own } from '../own';
import { rowProblem } from '../parseRow';
import type { Example, Message, Row, RowProblem, Schema, SchemaName } from '../types';
import { RowFault, RowFields, readWeight, wrongType } from './fault';
import { readInstruction } from './instruction';
import { applyTrainRule, isAnyTurnTrained, readMessages, readTools, turn } from './messages';
import { chatPreference, openAiPreference, rankedAnswers, stringOrTurnPreference } from './preference';
import { alpacaPlain, type Instruction, instructionTurns, type PlainStyle, plainSegments } from './promptStyle';
import { tokenExample } from './tokens';

/** What one schema makes of a row: a total table, so that a new schema does not compile until it has answered. */
const readers: Readonly<Record<SchemaName, (fields: RowFields, schema: Schema) => Example>> = {
  tokens: tokenExample,
  segments: (fields) => ({
    kind: 'segments',
    segments: fields
      .list('segments')
      .map((item, index) => readSegment(item, `${fields.spelled('segments')}[${index}]`)),
    weight: readWeight(fields),
  }),
  'openai-preference': (fields, schema) => ({ ...openAiPreference(fields, schema), weight: readWeight(fields) }),
  'ranked-answers': (fields, schema) => ({ ...rankedAnswers(fields, schema), weight: readWeight(fields) }),
  'chat-preference': (fields, schema) => ({ ...chatPreference(fields, schema), weight: readWeight(fields) }),
  dpo: (fields, schema) => ({ ...stringOrTurnPreference(fields, schema), weight: readWeight(fields) }),
  stepwise: (fields) => {
    const steps = fields.list('completions').map((step, index) => {
      if (typeof step !== 'string') throw wrongType(`${fields.spelled('completions')}[${index}]`, 'a text', step);
      return { text: `\n${step}`, train: true };
    });
    const labels = fields.list('label');
    if (labels.length !== steps.length) {
      throw new RowFault(
        'length-mismatch',
        `${fields.spelled('completions')} has ${steps.length} steps, ${fields.spelled('label')} ${labels.length}.`,
        'Give one label for each step.',
      );
    }
    // TRL's stepwise trainer puts a line end between the prompt and each step.
    const segments = [{ text: fields.text('prompt'), train: false }, ...steps];
    return { kind: 'segments', segments, weight: readWeight(fields), label: labels };
  },
  'chat-kto': (fields, schema) => ({ ...chat(fields, schema), label: verdict(fields) }),
  kto: (fields, schema) => ({ ...promptCompletion(fields, schema), label: verdict(fields) }),
  'openai-chat': chat,
  sharegpt: chat,
  'alpaca-kto': (fields, schema) => ({ ...instruction(fields, schema), label: verdict(fields) }),
  alpaca: instruction,
  'system-question-response': instruction,
  'question-answer': instruction,
  'prompt-generation': instruction,
  'prompt-completion': promptCompletion,
  'prompt-response': instruction,
  'text-label': (fields) => ({
    kind: 'text',
    text: fields.text('text'),
    weight: readWeight(fields),
    label: fields.value('label') ?? null,
  }),
  text: (fields) => ({ kind: 'text', text: fields.text('text'), weight: readWeight(fields) }),
};

/** What a row means under a schema; a row that does not fit is a list of problems that name the field. */
export function toExample(row: Row, schema: Schema): Example | readonly RowProblem[] {
  return guarded(row, () => readers[schema.name](new RowFields(row, schema), schema));
}

/**
 * As `toExample`, for a model without a chat template: instruction rows become the plain text of Stanford Alpaca
 * (`completion`, or `segments` where there is a history). A chat row has no plain form and is a problem.
 */
export function toPlainExample(row: Row, schema: Schema): Example | readonly RowProblem[] {
  return guarded(row, () => {
    const fields = new RowFields(row, schema);
    const example = readers[schema.name](fields, schema);
    if (example.kind !== 'chat') return example;
    if (!isInstruction(schema)) {
      throw new RowFault(
        'no-chat-template',
        'the row is a conversation, and the model has no chat template.',
        'Choose a model with a chat template, or give rows of prompt and completion.',
      );
    }
    const label = example.label === undefined ? {} : { label: example.label };
    return { ...plain(readInstruction(fields), alpacaPlain, schema, example.weight), ...label };
  });
}

/** The row as a conversation, without what training makes of it; undefined for rows of text or tokens. */
export function toMessages(row: Row, schema: Schema): readonly Message[] | undefined | readonly RowProblem[] {
  const example = toExample(row, schema);
  if (isProblems(example)) return example;
  switch (example.kind) {
    case 'chat':
      return example.messages;
    case 'completion':
      if (isInstruction(schema)) return instructionTurns(readInstruction(new RowFields(row, schema)), '\n\n');
      return [turn('user', example.prompt), turn('assistant', example.completion)];
    case 'preference':
      return [
        ...(typeof example.prompt === 'string' ? [turn('user', example.prompt)] : example.prompt),
        ...(typeof example.chosen === 'string' ? [turn('assistant', example.chosen)] : example.chosen),
      ];
    default:
      return undefined;
  }
}

/** Tells problems from an example or a conversation. */
export function isProblems(value: object | undefined): value is readonly RowProblem[] {
  return Array.isArray(value) && value.length > 0 && 'severity' in (value[0] as object);
}

function guarded(row: Row, read: () => Example): Example | readonly RowProblem[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RowFault)) throw error;
    return [rowProblem('error', row.address, error.code, error.message, error.next)];
  }
}

function isInstruction(schema: Schema): boolean {
  return Object.hasOwn(schema.fields, 'instruction') && Object.hasOwn(schema.fields, 'output');
}

function chat(fields: RowFields, schema: Schema): Extract<Example, { kind: 'chat' }> {
  const place = fields.spelled('messages');
  const read = readMessages(fields.list('messages'), place, schema);
  const system = fields.optionalText('system');
  const opens = read[0]!.role === 'system' || read[0]!.role === 'developer';
  const messages = system === undefined || system === '' || opens ? read : [turn('system', system), ...read];
  if (!isAnyTurnTrained(messages)) {
    throw new RowFault('nothing-trained', `no turn of ${place} is trained.`, 'Add an assistant turn, or train one.');
  }
  return {
    kind: 'chat',
    messages,
    tools: readTools(fields.value('tools'), fields.spelled('tools')),
    weight: readWeight(fields),
  };
}

type Labelled = Extract<Example, { kind: 'chat' | 'completion' | 'segments' | 'text' }>;

function instruction(fields: RowFields, schema: Schema): Labelled {
  const row = readInstruction(fields);
  if (schema.prompt.kind === 'plain') return plain(row, schema.prompt, schema, readWeight(fields));
  const messages = applyTrainRule(instructionTurns(row, schema.prompt.join), schema);
  return { kind: 'chat', messages, tools: undefined, weight: readWeight(fields) };
}

function plain(row: Instruction, style: PlainStyle, schema: Schema, weight: number): Labelled {
  const segments = plainSegments(row, style);
  if (schema.train !== 'trainer' && schema.train.includes('user')) {
    return { kind: 'text', text: segments.map(({ text }) => text).join(''), weight };
  }
  if (segments.length > 2) return { kind: 'segments', segments, weight };
  return { kind: 'completion', prompt: segments[0]!.text, completion: segments[1]!.text, weight };
}

/** Texts stay texts, joined raw; lists of turns (TRL) become a conversation whose completion alone is trained. */
function promptCompletion(fields: RowFields, schema: Schema): Labelled {
  const prompt = fields.value('prompt');
  const completion = fields.value('completion');
  const weight = readWeight(fields);
  if (!Array.isArray(prompt) && !Array.isArray(completion)) {
    const texts = { prompt: fields.text('prompt'), completion: fields.text('completion') };
    if (schema.train !== 'trainer' && schema.train.includes('user')) {
      return { kind: 'text', text: texts.prompt + texts.completion, weight };
    }
    return { kind: 'completion', ...texts, weight };
  }
  const asked = readMessages(fields.list('prompt'), fields.spelled('prompt'), schema);
  const answered = readMessages(fields.list('completion'), fields.spelled('completion'), schema);
  const messages = [
    ...asked.map((message) => ({ ...message, train: message.train ?? false })),
    ...answered.map((message) => ({ ...message, train: message.train ?? true })),
  ];
  return { kind: 'chat', messages, tools: readTools(fields.value('tools'), fields.spelled('tools')), weight };
}

/** Axolotl's template-free form: `label` true is trained. */
function readSegment(value: JsonValue, place: string) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(place, 'an object', value);
  const text = own(value as JsonObject, 'text');
  const label = own(value as JsonObject, 'label');
  if (typeof text !== 'string') throw wrongType(`${place}.text`, 'a text', text);
  if (typeof label !== 'boolean') throw wrongType(`${place}.label`, 'true or false', label);
  return { text, train: label };
}

function verdict(fields: RowFields): boolean {
  const value = fields.value('label');
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw wrongType(fields.spelled('label'), 'true or false', value);
}
