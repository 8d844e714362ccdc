import type { ModelConfig } from '../../model/modelConfig';
import type { LanguageModel } from '../../model/openLanguageModel';
import type { BehaviourCase } from '../../protocol/behaviour';
import type { MeasuredPrompt, PruningMeasuring } from '../../protocol/pruning';
import type { EncodedRow } from '../../text/types';
import type { AnswerPlan } from '../asking/answerPrompts';
import { planAnswers } from '../asking/answerPrompts';
import { type BehaviourPlan, encodeCompletion, planBehaviourTests } from '../behaviour/planBehaviourTests';
import type { PassPlan } from '../passes/rowPasses';
import { sharedStart } from '../passes/sharedStart';
import { planScoring } from '../scoring/scoreRows';
import { passSize, untrained } from '../training/passFeeds';
import { type PassShape, shapeFor } from '../training/planShapes';
import { complies, refuses } from './judgeAnswer';

/** What is asked of every state. */
export interface PromptPlan {
  readonly harmful: readonly MeasuredPrompt[];
  readonly benign: readonly MeasuredPrompt[];
  readonly tests: readonly BehaviourCase[];
  /** All of them as tests, in this order: prompts that are equal share an answer. */
  readonly cases: readonly BehaviourCase[];
  readonly behaviour: BehaviourPlan;
  readonly answers: AnswerPlan;
}

/** Prompts rendered and divided into batches; nothing is computed. */
export function planPrompts(
  harmful: readonly MeasuredPrompt[],
  benign: readonly MeasuredPrompt[],
  tests: readonly BehaviourCase[],
  model: LanguageModel,
  measuring: PruningMeasuring,
): PromptPlan {
  const asked = [...harmful, ...benign].map(({ id, address, prompt, tags }) => ({
    id,
    address,
    prompt,
    tags,
    expect: answered,
  }));
  const cases = [...asked, ...tests];
  const behaviour = planBehaviourTests(cases, model, measuring);
  return { harmful, benign, tests, cases, behaviour, answers: planAnswers(behaviour.prompts, model, measuring) };
}

/** A condition that makes a plan ask for an answer; nobody judges by it. */
const answered: BehaviourCase['expect'] = {
  equals: undefined,
  contains: [],
  notContains: [],
  matches: undefined,
  refuses: true,
  prefers: undefined,
};

/** Texts that likelihoods are measured on. */
export interface ReferenceTexts {
  /** Of each harmful prompt. */
  readonly refusals: readonly string[];
  readonly compliances: readonly string[];
  /** Of each benign prompt; `cut`: the text does not end where it stops. */
  readonly benign: readonly { readonly text: string; readonly from: 'given' | 'base'; readonly cut: boolean }[];
}

/** Answers of one state to all cases. */
export type CaseAnswers = readonly ({ readonly text: string; readonly finish: 'stop' | 'length' } | undefined)[];

/**
 * What base and tuned model themselves say, where it is a refusal and a compliance; else the texts of the settings. Benign
 * texts are those of the data, else the base model's answers.
 */
export function referenceTexts(
  plan: PromptPlan,
  base: CaseAnswers,
  tuned: CaseAnswers,
  measuring: PruningMeasuring,
): ReferenceTexts {
  const said = (answers: CaseAnswers, i: number): string => answers[i]?.text.trim() ?? '';
  return {
    refusals: plan.harmful.map((_, i) => (refuses(said(base, i)) ? said(base, i) : measuring.refusal)),
    compliances: plan.harmful.map((_, i) => (complies(said(tuned, i)) ? said(tuned, i) : measuring.compliance)),
    benign: plan.benign.map(({ answer }, i) => {
      if (answer !== null) return { text: answer, from: 'given', cut: false };
      const own = base[plan.harmful.length + i];
      return { text: own?.text ?? '', from: 'base', cut: own?.finish === 'length' };
    }),
  };
}

/** Rows that are scored in every state. */
export interface LikelihoodPlan {
  /** Refusal and compliance of each harmful prompt, one after the other. */
  readonly pairs: readonly EncodedRow[];
  readonly pairPlan: PassPlan;
  /** Of each benign prompt; undefined: there is no text to score. */
  readonly benign: readonly (EncodedRow | undefined)[];
  readonly benignRows: readonly EncodedRow[];
  readonly benignPlan: PassPlan;
  readonly testPlan: PassPlan;
}

export function planLikelihoods(
  plan: PromptPlan,
  texts: ReferenceTexts,
  model: LanguageModel,
  measuring: PruningMeasuring,
): LikelihoodPlan {
  const encode = (prompt: MeasuredPrompt, text: string): EncodedRow =>
    encodeCompletion({ ...prompt, expect: answered }, text, model, measuring);
  const pairs = plan.harmful.flatMap((prompt, i) => [
    encode(prompt, texts.refusals[i]!),
    encode(prompt, texts.compliances[i]!),
  ]);
  const benign = plan.benign.map((prompt, i) => {
    const { text, cut } = texts.benign[i]!;
    if (text.trim() === '') return undefined;
    const row = encode(prompt, text);
    return cut ? withoutEnd(row) : row;
  });
  const benignRows = benign.filter((row) => row !== undefined);
  const planned = (rows: readonly EncodedRow[]): PassPlan => planAnswerPasses(rows, measuring.batchSize, model.config);
  return {
    pairs,
    pairPlan: planned(pairs),
    benign,
    benignRows,
    benignPlan: planned(benignRows),
    testPlan: planned(plan.behaviour.completions),
  };
}

/**
 * Passes over rows whose answers are read: equally large, so that the last is not padded with empty rows, and what a
 * template puts before all prompts is computed once a pass.
 */
export function planAnswerPasses(rows: readonly EncodedRow[], batchSize: number, config: ModelConfig): PassPlan {
  if (rows.length === 0) return { passes: [], shapes: [] };
  const even = Math.ceil(rows.length / Math.ceil(rows.length / batchSize));
  const { passes, shapes } = planScoring(rows, even, config);
  const shared = sharedStart(rows.map(({ ids }) => ids));
  const sharing = shapes.map((shape): PassShape => ({ ...shape, shared }));
  return {
    shapes: sharing,
    passes: passes.map((pass) => ({
      rows: pass,
      shape: shapeFor(passSize(pass.map((row) => rows[row]!)), sharing),
    })),
  };
}

/** A text that was cut has no end whose likelihood means anything. */
function withoutEnd(row: EncodedRow): EncodedRow {
  const last = row.labels.findLastIndex((label) => label !== untrained);
  const trained = row.labels.filter((label) => label !== untrained).length;
  if (trained < 2) return row;
  const labels = row.labels.slice();
  labels[last] = untrained;
  return { ...row, labels };
}
