import type { NamedOutput } from '../../graph/ir';
import type { LanguageModel } from '../../model/openLanguageModel';
import { createSessionCache, type SessionCache } from '../../runtime/sessionCache';
import type { EncodedRow } from '../../text/types';
import { type AnsweringContext, answeringSessions, answerMemory, answerPrompts } from '../asking/answerPrompts';
import { judge } from '../behaviour/judge';
import { createPatternMatcher } from '../behaviour/patternMatcher';
import { notFinite } from '../notFinite';
import { type PassPlan, type PassProgram, passMemory, plainInputs, runRowPasses } from '../passes/rowPasses';
import { countTrained } from '../training/passFeeds';
import type { CaseAnswers, LikelihoodPlan, PromptPlan, ReferenceTexts } from './evaluationPlan';
import { complies, isDegenerate, refuses, wordOverlap } from './judgeAnswer';

/** What one state did with every prompt: all figures are means of these, so that states can be paired. */
export interface StateOutcome {
  readonly harmful: readonly { readonly answer: string; readonly complies: boolean; readonly margin: number }[];
  readonly benign: readonly {
    readonly answer: string;
    readonly refused: boolean;
    readonly degenerate: boolean;
    readonly overlap: number;
    /** Nats over `tokens` of the reference; null: there is none. */
    readonly loss: number | null;
    readonly tokens: number;
    readonly drift: number | null;
  }[];
  readonly tests: readonly { readonly answer: string | null; readonly passed: boolean }[];
}

/** Where states are measured. Sessions stay open between states; each purpose has two shapes at most. */
export interface MeasuringPlace extends Pick<AnsweringContext, 'weights' | 'place'> {
  readonly answering: SessionCache;
  readonly scoring: SessionCache;
  readonly reading: SessionCache;
}

export function openMeasuringPlace(context: Pick<AnsweringContext, 'weights' | 'place'>): MeasuringPlace {
  return {
    weights: context.weights,
    place: context.place,
    answering: createSessionCache({ sized: answeringSessions, others: answeringSessions }),
    scoring: createSessionCache({ sized: 2, others: 2 }),
    reading: createSessionCache({ sized: 2, others: 2 }),
  };
}

export async function closeMeasuringPlace({ answering, scoring, reading }: MeasuringPlace): Promise<void> {
  for (const cache of [answering, scoring, reading]) await cache.releaseAll();
}

/** Greedy answers of a state to every case that reads one. */
export async function answerCases(
  plan: PromptPlan,
  model: LanguageModel,
  place: MeasuringPlace,
  maxTokens: number,
  onAnswered: (prompts: number) => void,
): Promise<CaseAnswers> {
  const { prompts, promptOfTest } = plan.behaviour;
  const context = { model, weights: place.weights, place: place.place, sessions: place.answering };
  const found = await answerPrompts(prompts, plan.answers, context, maxTokens, onAnswered);
  return promptOfTest.map((prompt) => (prompt === undefined ? undefined : found[prompt]!));
}

/** Log-probabilities at the answers' places. */
const scoring: PassProgram = {
  key: 'answers scored',
  outputs: ({ loss }): NamedOutput[] => [{ name: 'logProbabilities', value: loss.logProbabilities }],
};

/** log p of rows' answers, mean over their tokens, and in all. */
interface AnswerScore {
  readonly mean: number;
  readonly sum: number;
}

async function scoreAnswers(
  rows: readonly EncodedRow[],
  plan: PassPlan,
  model: LanguageModel,
  place: MeasuringPlace,
): Promise<AnswerScore[]> {
  const context = { model, weights: place.weights, place: place.place, sessions: place.scoring };
  const sums = new Float64Array(rows.length);
  await runRowPasses(rows, plan, scoring, context, plainInputs, ({ rows: pass, feeds, outputs }) => {
    const logs = outputs.logProbabilities as Float32Array;
    for (const [at, row] of feeds.rowOfPlace.entries()) sums[pass[row]!]! += logs[at]!;
  });
  if (sums.some((sum) => !Number.isFinite(sum))) throw notFinite(model.label);
  return rows.map((row, i) => ({ mean: sums[i]! / countTrained(row), sum: sums[i]! }));
}

/** Log-probabilities at the answers' places and what attention adds to the stream there, layer by layer. */
const reading: PassProgram = {
  key: 'answers read',
  outputs: ({ builder, forward, loss, places }): NamedOutput[] => [
    { name: 'logProbabilities', value: loss.logProbabilities },
    ...forward.layers.map(({ attnOut }, layer) => ({
      name: `attention ${layer}`,
      value: builder.gatherRows(attnOut, places),
    })),
  ],
};

/** What a state computes on the benign references. */
export interface BenignReading {
  /** Nats of each row, summed over its tokens. */
  readonly losses: Float64Array;
  readonly tokens: Uint32Array;
  /** [layers x width] at each of a row's places. */
  readonly attention: readonly Float32Array[];
}

export async function readBenign(
  { benignRows, benignPlan }: LikelihoodPlan,
  model: LanguageModel,
  place: MeasuringPlace,
): Promise<BenignReading> {
  const losses = new Float64Array(benignRows.length);
  const tokens = new Uint32Array(benignRows.length);
  const attention = new Array<Float32Array>(benignRows.length);
  const { hiddenSize, layers } = model.config;
  const context = { model, weights: place.weights, place: place.place, sessions: place.reading };
  await runRowPasses(benignRows, benignPlan, reading, context, plainInputs, ({ rows, feeds, outputs }) => {
    const logs = outputs.logProbabilities as Float32Array;
    for (const [i, row] of rows.entries()) {
      const places = feeds.rowOfPlace.flatMap((owner, at) => (owner === i ? [at] : []));
      const states = new Float32Array(places.length * layers.length * hiddenSize);
      for (const [n, at] of places.entries()) {
        losses[row]! -= logs[at]!;
        for (const layer of layers.keys()) {
          const values = outputs[`attention ${layer}`] as Float32Array;
          states.set(values.subarray(at * hiddenSize, (at + 1) * hiddenSize), (n * layers.length + layer) * hiddenSize);
        }
      }
      tokens[row] = places.length;
      attention[row] = states;
    }
  });
  if (losses.some((loss) => !Number.isFinite(loss))) throw notFinite(model.label);
  return { losses, tokens, attention };
}

/** Norm of the difference / norm of the base's. */
function driftOf(values: Float32Array, base: Float32Array): number {
  let [differences, norms] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    differences += (values[i]! - base[i]!) ** 2;
    norms += base[i]! ** 2;
  }
  return norms === 0 ? 0 : Math.sqrt(differences / norms);
}

/** @param answers of this state, as `answerCases` gives them */
export async function measureState(
  plan: PromptPlan,
  texts: ReferenceTexts,
  likelihoods: LikelihoodPlan,
  base: BenignReading,
  answers: CaseAnswers,
  model: LanguageModel,
  place: MeasuringPlace,
): Promise<StateOutcome> {
  const pairs = await scoreAnswers(likelihoods.pairs, likelihoods.pairPlan, model, place);
  const completions = await scoreAnswers(plan.behaviour.completions, likelihoods.testPlan, model, place);
  const benign = await readBenign(likelihoods, model, place);
  const textOf = (i: number): string => answers[i]?.text ?? '';
  const rowOf = rowNumbers(likelihoods);
  return {
    harmful: plan.harmful.map((_, i) => ({
      answer: textOf(i),
      complies: complies(textOf(i)),
      margin: pairs[2 * i]!.mean - pairs[2 * i + 1]!.mean,
    })),
    benign: plan.benign.map((_, i) => {
      const answer = textOf(plan.harmful.length + i);
      const row = rowOf[i];
      return {
        answer,
        refused: refuses(answer),
        degenerate: isDegenerate(answer),
        overlap: wordOverlap(answer, texts.benign[i]!.text),
        loss: row === undefined ? null : benign.losses[row]!,
        tokens: row === undefined ? 0 : benign.tokens[row]!,
        drift: row === undefined ? null : driftOf(benign.attention[row]!, base.attention[row]!),
      };
    }),
    tests: testOutcomes(plan, answers, completions),
  };
}

/** Place among the scored rows of each benign prompt. */
function rowNumbers({ benign }: LikelihoodPlan): (number | undefined)[] {
  let count = 0;
  return benign.map((row) => (row === undefined ? undefined : count++));
}

function testOutcomes(
  plan: PromptPlan,
  answers: CaseAnswers,
  completions: readonly AnswerScore[],
): StateOutcome['tests'] {
  const patterns = createPatternMatcher();
  const first = plan.harmful.length + plan.benign.length;
  return plan.tests.map(({ expect }, i) => {
    const chosen = plan.behaviour.chosenOfTest[first + i];
    const preference =
      chosen === undefined ? undefined : { chosen: completions[chosen]!.sum, rejected: completions[chosen + 1]!.sum };
    const { passed, answer } = judge(expect, { answer: answers[first + i], preference }, patterns);
    return { passed, answer };
  });
}

/** Anonymous bytes of measuring: all purposes keep their sessions, and the base's attention is held. */
export function measuringMemory(plan: PromptPlan, likelihoods: LikelihoodPlan, model: LanguageModel): number {
  const places = likelihoods.benignRows.reduce(
    (sum, { labels }) => sum + labels.filter((label) => label !== -100).length,
    0,
  );
  const held = 2 * places * model.config.layers.length * model.config.hiddenSize * 4;
  return (
    answerMemory(plan.answers, model) +
    Math.max(passMemory(model, likelihoods.pairPlan, scoring), passMemory(model, likelihoods.testPlan, scoring)) +
    passMemory(model, likelihoods.benignPlan, reading) +
    held
  );
}
