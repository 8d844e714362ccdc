import type { BehaviourCase, BehaviourSettings, BehaviourVerdict } from '../../protocol/behaviour';
import { answerText } from '../asking/answerPrompts';
import { generate } from '../asking/generate';
import { type RowScore, type ScoringContext, scoreRows } from '../scoring/scoreRows';
import { judge, type Observed } from './judge';
import { createPatternMatcher } from './patternMatcher';
import { type BehaviourPlan, planBehaviourTests } from './planBehaviourTests';

type Answer = NonNullable<Observed['answer']>;

/**
 * Asks a model every test, greedily and in batches, and holds its answers to what is expected; completions that are
 * compared are scored. The verdicts are in the order of the tests.
 *
 * The model's adapter is fed with every pass, so a retrained state of it is tested by `{ ...model, adapter }` in the
 * sessions of the original: equal ranks and targets share graphs. Other shapes need another `key`.
 *
 * @param onTested called as answers and scores come, with the number of tests that have all they need so far
 * @throws UserError where a test cannot be asked of this model, or the model computes no finite numbers
 */
export async function runBehaviourTests(
  tests: readonly BehaviourCase[],
  context: ScoringContext,
  settings: BehaviourSettings,
  onTested: (tests: number) => void,
): Promise<BehaviourVerdict[]> {
  const plan = planBehaviourTests(tests, context.model, settings);
  const answers = new Array<Answer | undefined>(plan.prompts.length);
  let scores: readonly RowScore[] = [];
  const waitsForScores = (test: number): boolean => plan.chosenOfTest[test] !== undefined && scores.length === 0;
  const waitsForAnswer = (test: number): boolean => {
    const prompt = plan.promptOfTest[test];
    return prompt !== undefined && answers[prompt] === undefined;
  };
  const report = (): void => onTested(tests.filter((_, test) => !waitsForScores(test) && !waitsForAnswer(test)).length);

  if (plan.completions.length > 0) {
    scores = await scoreRows(plan.completions, plan.scoring, context, () => undefined);
    report();
  }
  for (const batch of plan.batches) {
    const found = await answer(
      batch.map((prompt) => plan.prompts[prompt]!),
      context,
      settings.maxTokens,
    );
    for (const [i, prompt] of batch.entries()) answers[prompt] = found[i]!;
    report();
  }
  const patterns = createPatternMatcher();
  return tests.map(({ expect }, test) => judge(expect, observedOf(test, plan, answers, scores), patterns));
}

function observedOf(
  test: number,
  { promptOfTest, chosenOfTest }: BehaviourPlan,
  answers: readonly (Answer | undefined)[],
  scores: readonly RowScore[],
): Observed {
  const prompt = promptOfTest[test];
  const chosen = chosenOfTest[test];
  return {
    answer: prompt === undefined ? undefined : answers[prompt],
    preference:
      chosen === undefined ? undefined : { chosen: -scores[chosen]!.loss, rejected: -scores[chosen + 1]!.loss },
  };
}

async function answer(
  prompts: readonly Int32Array[],
  { model, weights, place, sessions }: ScoringContext,
  maxTokens: number,
): Promise<Answer[]> {
  const continuations = await generate(prompts, {
    model,
    weights,
    place,
    sessions,
    sampling: { kind: 'greedy' },
    maxTokens,
    onToken: () => undefined,
  });
  return continuations.map(({ tokens, finish }) => ({
    text: answerText(
      tokens.map(({ id }) => id),
      model,
    ),
    finish,
  }));
}
