import type { Example, Message } from '../../data/types';
import type { LanguageModel } from '../../model/openLanguageModel';
import type { BehaviourCase, BehaviourSettings, BehaviourTurn } from '../../protocol/behaviour';
import { inputError, UserError } from '../../protocol/errors';
import type { Prompt, Warning } from '../../protocol/requests';
import { templateMessage } from '../../text/rows/chatSpans';
import type { EncodedRow } from '../../text/types';
import { generationMemory, generationShape } from '../asking/generationGraphs';
import { renderPrompt } from '../asking/renderPrompt';
import { requireRoom } from '../asking/requireRoom';
import { encodeTrained } from '../rows/loadRows';
import { planScoring, type ScoringPlan, scoringMemory } from '../scoring/scoreRows';
import { lengthLimits, sameSide } from '../training/lengthLimits';
import { readsAnswer } from './judge';

/** What is to be computed for a list of tests with one model. */
export interface BehaviourPlan {
  /** Prompts that differ. */
  readonly prompts: readonly Int32Array[];
  /** Per test the number of its prompt; undefined where no answer is read. */
  readonly promptOfTest: readonly (number | undefined)[];
  /** Numbers of the prompts that are answered together, the longest first, so that what does not fit fails at once. */
  readonly batches: readonly (readonly number[])[];
  /** Completions that are compared: the chosen and the rejected one of each test that prefers, one after the other. */
  readonly completions: readonly EncodedRow[];
  /** Per test the number of its chosen completion; undefined where it compares none. */
  readonly chosenOfTest: readonly (number | undefined)[];
  readonly scoring: ScoringPlan;
  readonly warnings: readonly Warning[];
}

/** Tokens of prompt and completion together, where the model has no end. */
const longestCompletion = 1 << 20;

/**
 * Renders every prompt and completion of the tests for a model and divides them into batches. Computes nothing.
 *
 * @throws UserError that names the test's file and line where one cannot be asked of this model
 */
export function planBehaviourTests(
  tests: readonly BehaviourCase[],
  model: LanguageModel,
  settings: BehaviourSettings,
): BehaviourPlan {
  const prompts: Int32Array[] = [];
  const numberOf = new Map<string, number>();
  const warnings = new Map<string, Warning>();
  const completions: EncodedRow[] = [];
  const chosenOfTest: (number | undefined)[] = [];
  const promptOfTest: (number | undefined)[] = [];
  for (const test of tests) {
    naming(test, () => {
      promptOfTest.push(readsAnswer(test.expect) ? addPrompt(test) : undefined);
      chosenOfTest.push(addCompletions(test));
    });
  }
  const batches = planBatches(prompts, model, settings);
  const scoring =
    completions.length === 0 ? { passes: [], shapes: [] } : planScoring(completions, settings.batchSize, model.config);
  return { prompts, promptOfTest, batches, completions, chosenOfTest, scoring, warnings: [...warnings.values()] };

  /** The number of the test's prompt; tests with the same one share an answer. */
  function addPrompt(test: BehaviourCase): number {
    const { ids, warning } = renderPrompt(promptOf(test), model.text, settings.template);
    requireRoom(ids.length, model);
    if (warning !== undefined) warnings.set(warning.code, warning);
    const key = ids.join(' ');
    const known = numberOf.get(key);
    if (known !== undefined) return known;
    numberOf.set(key, prompts.length);
    return prompts.push(ids) - 1;
  }

  function addCompletions(test: BehaviourCase): number | undefined {
    if (test.expect.prefers === undefined) return undefined;
    const { chosen, rejected } = test.expect.prefers;
    const first = completions.length;
    for (const text of [chosen, rejected]) completions.push(encodeCompletion(test, text, model, settings));
    return first;
  }
}

/** Anonymous bytes of the sessions of a plan at their peak, feeds included. */
export function behaviourMemory(
  plan: BehaviourPlan,
  model: LanguageModel,
  { maxTokens }: Pick<BehaviourSettings, 'maxTokens'>,
): number {
  // The longest batch of each size stands first; shorter ones of the same size need less.
  const longestOfSize = new Map<number, number>();
  for (const batch of plan.batches) {
    const longest = plan.prompts[batch[0]!]!.length;
    longestOfSize.set(batch.length, Math.max(longest, longestOfSize.get(batch.length) ?? 0));
  }
  const asking = [...longestOfSize].map(([size, longest]) =>
    generationMemory(model, generationShape(model, size, longest, maxTokens)),
  );
  return Math.max(0, ...asking, scoringMemory(model, plan.scoring));
}

/** What is asked, for display: the text, or the last turn. */
export function shownPrompt({ prompt }: BehaviourCase): string {
  return typeof prompt === 'string' ? prompt : (prompt.at(-1)?.content ?? '');
}

function promptOf({ prompt }: BehaviourCase): Prompt {
  if (typeof prompt === 'string') return { kind: 'text', text: prompt };
  return { kind: 'messages', messages: prompt.map((turn) => templateMessage(message(turn, 'given'))) };
}

/** The prompt with a completion as its only trained part: its end token counts, as it does in training. */
export function encodeCompletion(
  test: BehaviourCase,
  completion: string,
  { text, config }: LanguageModel,
  { template }: BehaviourSettings,
): EncodedRow {
  const context = {
    ...text,
    maxLength: config.lengthLimit ?? longestCompletion,
    vocabularySize: config.vocabularySize,
  };
  const address = { ...test.address, bytes: undefined };
  const encoded = encodeTrained(completionExample(test, completion, text.template, template), address, context);
  if (!('ids' in encoded)) {
    const { code, message: problem, next } = encoded;
    throw inputError(code, problem, next);
  }
  if (encoded.truncated === 0) return encoded;
  throw inputError(
    'completion-too-long',
    `Prompt and completion have ${encoded.ids.length + encoded.truncated} tokens, the model takes ${context.maxLength}.`,
    'Shorten them.',
  );
}

function completionExample(
  { prompt }: BehaviourCase,
  completion: string,
  template: LanguageModel['text']['template'],
  use: BehaviourSettings['template'],
): Example {
  if (typeof prompt === 'string' && (template === undefined || use === 'raw')) {
    return { kind: 'completion', prompt, completion, weight: 1 };
  }
  const asked: readonly BehaviourTurn[] =
    typeof prompt === 'string' ? [{ role: 'user', content: prompt, extra: {} }] : prompt;
  const messages = [
    ...asked.map((turn) => message(turn, 'given')),
    message({ role: 'assistant', content: completion, extra: {} }, 'compared'),
  ];
  return { kind: 'chat', messages, tools: undefined, weight: 1 };
}

function message({ role, content, extra }: BehaviourTurn, use: 'given' | 'compared'): Message {
  return { role, content, extra, train: use === 'compared', trainSpans: undefined };
}

/** Prompts of like length share a batch; a batch never straddles the length where a model changes how it computes. */
function planBatches(
  prompts: readonly Int32Array[],
  { config }: LanguageModel,
  { batchSize, maxTokens }: BehaviourSettings,
): number[][] {
  const limits = lengthLimits(config);
  const reach = (prompt: number): number => prompts[prompt]!.length + maxTokens;
  const order = [...prompts.keys()].sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
  const batches: number[][] = [];
  for (const prompt of order) {
    const batch = batches.at(-1);
    if (batch !== undefined && batch.length < batchSize && sameSide(reach(batch[0]!), reach(prompt), limits)) {
      batch.push(prompt);
    } else batches.push([prompt]);
  }
  return batches;
}

/** Puts the place of the test before what is wrong with it. */
function naming(test: BehaviourCase, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { file, line, row } = test.address;
    const place = `${file}, ${line === undefined ? `row ${row}` : `line ${line}`}`;
    const message = error.message.startsWith(`${place}:`) ? error.message : `${place}: ${error.message}`;
    throw inputError(error.code, message, error.next, { cause: error });
  }
}
