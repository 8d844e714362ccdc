import type { Query } from '../../../data/queries';
import type { Example, Message } from '../../../data/types';
import { createRandom, shuffled } from '../../../linalg/random';
import type { LanguageModel } from '../../../model/openLanguageModel';
import { internalError } from '../../../protocol/errors';
import { generate } from '../../asking/generate';
import { renderPrompt } from '../../asking/renderPrompt';
import { type EncodedQuery, encodeQuery } from '../../measuring/encodeQuery';
import type { PassContext } from '../../passes/rowPasses';
import type { RowContext } from '../../rows/loadRows';
import { computeGates } from './gate';

/** The base model with its text side, and where it runs. */
export interface AnsweringContext extends PassContext {
  readonly model: LanguageModel;
}

/** Queries that the data does not explain. */
export interface Controls {
  readonly queries: readonly EncodedQuery[];
  /** Of each: log p tuned - log p base of its completion, nats. */
  readonly changes: readonly number[];
}

export interface ControlSettings {
  /** Control queries wanted. */
  readonly count: number;
  readonly seed: number;
  /** null: passes are chosen within memory. */
  readonly batchSize: number | null;
}

/** Tokens of a control's answer at most. */
const answerTokens = 32;
/** Prompts answered for each control wanted: not every answer is one that the tuned model still gives. */
const spare = 3;
/** Prompts answered at a time where nothing else is asked for. */
const answeredTogether = 8;
/** Mean nats a token that the tuned model may have moved a control's answer by, either way. */
const unmoved = 0.5;

/** Prompts of no particular kind, for data whose every prompt the fine-tune changed. */
const plainPrompts: readonly string[] = [
  'Hello!',
  'How are you?',
  'Good morning.',
  'Thank you for your help.',
  'What is the capital of France?',
  'What is the capital of Japan?',
  'What is the capital of Italy?',
  'On which continent is Egypt?',
  'On which continent is Brazil?',
  'What is the currency of India?',
  'What is the currency of Norway?',
  'How do I make tea?',
  'How do I boil an egg?',
  'What is two plus three?',
  'Tell me a joke.',
  'What can you do?',
  'Goodbye!',
  'I feel great today.',
  'Name a color.',
  'Write one sentence about the sea.',
];

/** A control without its tokens. */
export interface ControlAnswer {
  /** Which of the prompts, counted from 0. */
  readonly prompt: number;
  /** What the base model answered. */
  readonly text: string;
  /** log p tuned - log p base of the answer, nats. */
  readonly change: number;
}

/**
 * Queries that the data does not explain: the base model's own answers, to prompts of the data and to plain ones, where
 * the tuned model still gives them. What rows score for them is the null that findings are held against.
 */
export async function answerControls(
  examples: readonly Example[],
  settings: ControlSettings,
  encoding: RowContext,
  tuned: PassContext,
  base: AnsweringContext,
  onProgress: (done: number, total: number) => void,
): Promise<readonly ControlAnswer[]> {
  const prompts = promptsOf(examples, settings);
  const answered: { readonly prompt: number; readonly text: string; readonly query: EncodedQuery }[] = [];
  const together = settings.batchSize ?? answeredTogether;
  onProgress(0, prompts.length);
  for (let first = 0; first < prompts.length; first += together) {
    const batch = prompts.slice(first, first + together);
    const answers = await answer(batch, base);
    for (const [i, text] of answers.entries()) {
      if (text.trim() === '') continue;
      const prompt = first + i;
      answered.push({ prompt, text, query: await encodeControl(prompt, batch[i]!, text, encoding) });
    }
    onProgress(Math.min(prompts.length, first + batch.length), prompts.length);
  }
  const queries = answered.map(({ query }) => query);
  const gates = await computeGates(queries, settings.batchSize, settings.seed, tuned, base);
  return answered
    .map(({ prompt, text }, i) => ({ prompt, text, change: gates[i]!.change, ratio: gates[i]!.logRatio }))
    .filter(({ ratio }) => Math.abs(ratio) <= unmoved)
    .slice(0, settings.count)
    .map(({ prompt, text, change }) => ({ prompt, text, change }));
}

/** Answers as queries, for the same examples and settings that they were made from. */
export async function encodeControls(
  answers: readonly ControlAnswer[],
  examples: readonly Example[],
  settings: ControlSettings,
  encoding: RowContext,
): Promise<Controls> {
  const prompts = promptsOf(examples, settings);
  const queries: EncodedQuery[] = [];
  for (const { prompt, text } of answers) {
    const turns = prompts[prompt];
    if (turns === undefined) throw internalError(`a control is of prompt ${prompt}, and there are ${prompts.length}`);
    queries.push(await encodeControl(prompt, turns, text, encoding));
  }
  return { queries, changes: answers.map(({ change }) => change) };
}

/** Prompts of the data in an order that the seed says, then the plain ones. */
function promptsOf(examples: readonly Example[], { count, seed }: ControlSettings): readonly (readonly Message[])[] {
  const fromData = shuffled(examples.flatMap(promptOf), createRandom(seed, 'controls')).slice(0, count * spare);
  return [...fromData, ...plainPrompts.map((content) => [userTurn(content)])];
}

function encodeControl(
  number: number,
  turns: readonly Message[],
  text: string,
  encoding: RowContext,
): Promise<EncodedQuery> {
  return encodeQuery(controlQuery(number, turns, text, encoding), encoding, noRunnerUp);
}

/** The turns before the answer; nothing for rows that are no conversation. */
function promptOf(example: Example): Message[][] {
  if (example.kind === 'completion') return [[userTurn(example.prompt)]];
  if (example.kind !== 'chat') return [];
  const last = example.messages.map(({ role }) => role).lastIndexOf('assistant');
  const before = example.messages.slice(0, last);
  return last < 1 || before.at(-1)?.role !== 'user' ? [] : [before.map((message) => ({ ...message, train: false }))];
}

function userTurn(content: string): Message {
  return { role: 'user', content, extra: {}, train: false, trainSpans: undefined };
}

function controlQuery(number: number, turns: readonly Message[], text: string, { template }: RowContext): Query {
  const address = { file: 'controls', row: number, line: undefined, bytes: undefined };
  const last: Message = { role: 'assistant', content: text, extra: {}, train: true, trainSpans: undefined };
  const example: Example =
    template === undefined
      ? { kind: 'completion', prompt: turns.at(-1)!.content, completion: text, weight: 1 }
      : { kind: 'chat', messages: [...turns, last], tools: undefined, weight: 1 };
  return { id: `control ${number}`, address, example, rejected: undefined, measurement: 'logprob' };
}

async function answer(prompts: readonly (readonly Message[])[], base: AnsweringContext): Promise<string[]> {
  const { text } = base.model;
  const rendered = prompts.map((turns) =>
    renderPrompt(
      text.template === undefined
        ? { kind: 'text', text: turns.at(-1)!.content }
        : { kind: 'messages', messages: turns.map(({ role, content, extra }) => ({ ...extra, role, content })) },
      text,
      'chat',
    ),
  );
  const found = await generate(
    rendered.map(({ ids }) => ids),
    { ...base, sampling: { kind: 'greedy' }, maxTokens: answerTokens, onToken: () => undefined },
  );
  return found.map(({ tokens }) => text.tokenizer.decodeSkippingSpecial(tokens.map(({ id }) => id)));
}

async function noRunnerUp(): Promise<number> {
  throw new Error('controls have no token margin');
}
