import type { LanguageModel } from '../../model/openLanguageModel';
import { createTokenStream } from '../../text/tokenizer/tokenStream';
import { sharedStart } from '../passes/sharedStart';
import { type LengthLimits, lengthLimits, sameSide } from '../training/lengthLimits';
import { planShapes, shapeFor } from '../training/planShapes';
import { type GenerationContext, generate } from './generate';
import { type GenerationShape, generationMemory, generationShape } from './generationGraphs';

/** A greedy answer. */
export interface PromptAnswer {
  readonly text: string;
  readonly finish: 'stop' | 'length';
}

/** Sessions that a plan's batches go through on either side of where a model changes: two first passes and a step. */
export const answeringSessions = 3;

/** Batches that share sessions: equally large, of one or two lengths. */
export interface AnswerPlan {
  readonly batches: readonly { readonly prompts: readonly number[]; readonly shape: GenerationShape }[];
}

export type AnsweringContext = Pick<GenerationContext, 'weights' | 'place' | 'sessions'> & {
  readonly model: LanguageModel;
};

/**
 * Divides prompts into batches for a model that is asked again and again: batches are equally large and have one or two
 * lengths, so that three sessions serve all of them in every state of the model, and weights are packed, which pays over
 * many answers. Where a model computes longer sequences otherwise, each side has lengths of its own.
 */
export function planAnswers(
  prompts: readonly Int32Array[],
  model: LanguageModel,
  { maxTokens, batchSize }: { readonly maxTokens: number; readonly batchSize: number },
): AnswerPlan {
  if (prompts.length === 0) return { batches: [] };
  const limits = lengthLimits(model.config);
  const reach = (prompt: number): number => prompts[prompt]!.length + maxTokens;
  const order = [...prompts.keys()].sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
  const isNear = (prompt: number): boolean => sameSide(reach(order[0]!), reach(prompt), limits);
  const sides = [order.filter(isNear), order.filter((prompt) => !isNear(prompt))];
  return { batches: sides.flatMap((side) => planSide(side, prompts, model, maxTokens, batchSize, limits)) };
}

function planSide(
  side: readonly number[],
  prompts: readonly Int32Array[],
  model: LanguageModel,
  maxTokens: number,
  batchSize: number,
  limits: LengthLimits,
): AnswerPlan['batches'] {
  if (side.length === 0) return [];
  const count = Math.ceil(side.length / batchSize);
  const size = Math.ceil(side.length / count);
  const longest = prompts[side[0]!]!.length;
  const batches = Array.from({ length: count }, (_, i) => side.slice(i * size, (i + 1) * size)).filter(
    (batch) => batch.length > 0,
  );
  const sizes = batches.map((batch) => ({ rows: size, length: prompts[batch[0]!]!.length, trained: 1 }));
  const shapes = planShapes(sizes, 2, limits);
  const shared = sharedStart(side.map((prompt) => prompts[prompt]!));
  const shape = { ...generationShape(model, size, longest, maxTokens), shared, weights: 'packed' as const };
  return batches.map((batch, i) => ({
    prompts: batch,
    shape: { ...shape, length: shapeFor(sizes[i]!, shapes).length },
  }));
}

/** Anonymous bytes of answering by a plan, feeds included. */
export function answerMemory({ batches }: AnswerPlan, model: LanguageModel): number {
  const shapes = new Map(batches.map(({ shape }) => [JSON.stringify(shape), shape]));
  return [...shapes.values()].reduce((sum, shape) => sum + generationMemory(model, shape), 0);
}

/** Greedy answers in the order of the prompts. @param onAnswered told how many more prompts have theirs */
export async function answerPrompts(
  prompts: readonly Int32Array[],
  { batches }: AnswerPlan,
  { model, weights, place, sessions }: AnsweringContext,
  maxTokens: number,
  onAnswered: (prompts: number) => void,
): Promise<PromptAnswer[]> {
  const answers = new Array<PromptAnswer>(prompts.length);
  for (const { prompts: batch, shape } of batches) {
    // Filled up with the last prompt: a batch of another size would be another session.
    const filled = Array.from({ length: shape.batch }, (_, i) => prompts[batch[Math.min(i, batch.length - 1)]!]!);
    const found = await generate(filled, {
      ...{ model, weights, place, sessions, maxTokens, shape },
      sampling: { kind: 'greedy' },
      onToken: () => undefined,
    });
    for (const [i, prompt] of batch.entries()) {
      const { tokens, finish } = found[i]!;
      answers[prompt] = {
        text: answerText(
          tokens.map(({ id }) => id),
          model,
        ),
        finish,
      };
    }
    onAnswered(batch.length);
  }
  return answers;
}

/** The text of an answer as `ask` shows it. */
export function answerText(ids: readonly number[], { text: { tokenizer } }: LanguageModel): string {
  const stream = createTokenStream(tokenizer, 'skipSpecial');
  return ids.map((id) => stream.push(id)).join('') + stream.finish();
}
