import type { Query } from '../../../data/queries';
import type { Example, Message } from '../../../data/types';
import { createRandom, shuffled } from '../../../linalg/random';
import type { LanguageModel } from '../../../model/openLanguageModel';
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

/**
 * Queries that the data does not explain: the base model's own answers, to prompts of the data and to plain ones, where
 * the tuned model still gives them. What rows score for them is the null that findings are held against.
 */
export async function makeControls(
  examples: readonly Example[],
  settings: ControlSettings,
  encoding: RowContext,
  tuned: PassContext,
  base: AnsweringContext,
  onProgress: (done: number, total: number) => void,
): Promise<Controls> {
  const random = createRandom(settings.seed, 'controls');
  const wanted = settings.count * spare;
  const fromData = shuffled(examples.flatMap(promptOf), random).slice(0, wanted);
  const prompts = [...fromData, ...plainPrompts.map((content) => [userTurn(content)])];
  const queries: EncodedQuery[] = [];
  const together = settings.batchSize ?? answeredTogether;
  onProgress(0, prompts.length);
  for (let first = 0; first < prompts.length; first += together) {
    const batch = prompts.slice(first, first + together);
    const answers = await answer(batch, base);
    for (const [i, text] of answers.entries()) {
      if (text.trim() === '') continue;
      queries.push(await encodeQuery(controlQuery(first + i, batch[i]!, text, encoding), encoding, noRunnerUp));
    }
    onProgress(Math.min(prompts.length, first + batch.length), prompts.length);
  }
  const gates = await computeGates(queries, settings.batchSize, settings.seed, tuned, base);
  const kept = [...queries.keys()].filter((i) => Math.abs(gates[i]!.logRatio) <= unmoved).slice(0, settings.count);
  return { queries: kept.map((i) => queries[i]!), changes: kept.map((i) => gates[i]!.change) };
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
