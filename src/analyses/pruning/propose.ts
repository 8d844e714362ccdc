import { createHash } from 'node:crypto';
import type { BootstrapSettings } from '../../linalg/statistics/interval';
import { linearModules } from '../../model/linearModules';
import type { LanguageModel } from '../../model/openLanguageModel';
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { PruneProposal, PruneProposeRequest, PruningExample, PruningPoint } from '../../protocol/pruning';
import type { Artifacts } from '../../store/artifacts';
import { shownPrompt } from '../behaviour/planBehaviourTests';
import { compareAtEqualHarm } from './equalHarm';
import {
  type CaseAnswers,
  type LikelihoodPlan,
  type PromptPlan,
  planLikelihoods,
  type ReferenceTexts,
  referenceTexts,
} from './evaluationPlan';
import { figuresOf, harmfulFall } from './figures';
import type { MaskMaker, NamedMask } from './maskMaker';
import { countMarked } from './masks';
import type { PrunedMatrix } from './matrices';
import {
  answerCases,
  type BenignReading,
  type MeasuringPlace,
  measureState,
  readBenign,
  type StateOutcome,
} from './measureState';
import { conditionsOf, nearest, recommended, ruleText } from './recommend';
import { type PruningState, type StateMaker, stateHash } from './states';
import { answersJson, outcomeJson, parseAnswers, parseOutcome } from './storedOutcome';

/** A mask of the curve before it is measured. */
export interface PlannedPoint extends NamedMask {
  readonly alphas: readonly number[];
  readonly pruned: number;
  readonly entries: number;
}

/** Everything that will be measured. */
export interface ProposalPlan {
  readonly points: readonly PlannedPoint[];
  /** Factors below 1, 0 among them, ascending. */
  readonly scales: readonly number[];
  /** Places in `points` with their control masks. */
  readonly controls: ReadonlyMap<number, { readonly random: readonly NamedMask[]; readonly magnitude: NamedMask }>;
  /** All states, base and tuned first, each once. */
  readonly states: readonly PruningState[];
}

/** The distinct masks of a grid of shares, and the controls beside them. */
export function planProposal(
  maker: MaskMaker,
  request: Pick<PruneProposeRequest, 'alphas' | 'scales' | 'controls' | 'randomDraws'>,
): ProposalPlan {
  const points = new Map<string, { alphas: number[] } & NamedMask>();
  for (const alpha of request.alphas) {
    const made = maker.build(alpha);
    const known = points.get(made.hash);
    if (known === undefined) points.set(made.hash, { ...made, alphas: [alpha] });
    else known.alphas.push(alpha);
  }
  const entries = maker.matrices.reduce((sum, { values }) => sum + values.length, 0);
  const list = [...points.values()]
    .map(
      (point): PlannedPoint => ({
        ...point,
        entries,
        pruned: point.mask.reduce((sum, part) => sum + countMarked(part), 0),
      }),
    )
    .filter(({ pruned }) => pruned > 0);
  if (list.length === 0)
    throw inputError('empty-masks', 'None of these shares prunes a single entry.', 'Give larger shares with --alpha.');
  const controls = new Map(
    spread(list.length, request.controls).map((place) => {
      const { mask, alphas } = list[place]!;
      const random = Array.from({ length: request.randomDraws }, (_, draw) => maker.buildRandom(mask, draw));
      return [place, { random, magnitude: maker.buildMagnitude(alphas[0]!) }] as const;
    }),
  );
  const scales = [...new Set([0, ...request.scales])].sort((a, b) => a - b);
  const asState = ({ mask, hash }: NamedMask): PruningState => ({ kind: 'masked', mask, hash });
  const states: PruningState[] = [
    { kind: 'scaled', c: 0 },
    { kind: 'scaled', c: 1 },
    ...scales.filter((c) => c > 0).map((c): PruningState => ({ kind: 'scaled', c })),
    ...list.map(asState),
    ...[...controls.values()].flatMap(({ random, magnitude }) => [...random.map(asState), asState(magnitude)]),
  ];
  return {
    points: list,
    scales,
    controls,
    states: [...new Map(states.map((state) => [stateHash(state), state])).values()],
  };
}

/** `wanted` of `count` places, evenly spread, the last among them. */
function spread(count: number, wanted: number): number[] {
  if (wanted <= 0) return [];
  if (wanted >= count) return Array.from({ length: count }, (_, i) => i);
  return [...new Set(Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * count) / wanted) - 1))];
}

export interface MeasuringContext {
  readonly make: StateMaker;
  readonly place: MeasuringPlace;
  readonly artifacts: Artifacts;
  /** What outcomes depend on beside the state: model, target, prompts, settings. */
  readonly key: JsonObject;
  readonly onProgress: (done: number, total: number) => void;
}

export interface MeasuredStates {
  readonly outcomes: ReadonlyMap<string, StateOutcome>;
  readonly texts: ReferenceTexts;
  readonly computed: number;
  readonly read: number;
}

/** Measures every state, or reads what an earlier command measured; states are kept one by one. */
export async function measureStates(
  states: readonly PruningState[],
  plan: PromptPlan,
  request: PruneProposeRequest,
  context: MeasuringContext,
): Promise<MeasuredStates> {
  const { make, place, onProgress } = context;
  const prompts = plan.behaviour.prompts.length;
  const total = states.length * prompts;
  let done = 0;
  const answered = (count: number): void => {
    done += count;
    onProgress(Math.min(done, total), total);
  };
  const first = new Map<string, CaseAnswers>();
  const [base, tuned] = states as readonly [PruningState, PruningState];
  for (const state of [base, tuned]) {
    first.set(stateHash(state), await keptAnswers(state, plan, request, context, answered));
  }
  const texts = referenceTexts(plan, first.get(stateHash(base))!, first.get(stateHash(tuned))!, request.measuring);
  const baseModel = await make(base);
  const likelihoods = planLikelihoods(plan, texts, baseModel, request.measuring);
  if (likelihoods.benignRows.length === 0)
    throw inputError(
      'benign-without-text',
      'No benign prompt has an answer, and the base model answers none of them.',
      'Give benign rows with answers.',
    );
  const key = { ...context.key, texts: hashOf(texts) };
  let reading: BenignReading | undefined;
  const outcomes = new Map<string, StateOutcome>();
  let read = 0;
  for (const [i, state] of states.entries()) {
    const hash = stateHash(state);
    const kept = await context.artifacts.readArtifact('pruning-outcomes', { ...key, state: hash });
    const known = parseOutcome(kept?.metadata.outcome);
    if (known !== undefined) {
      outcomes.set(hash, known);
      read++;
      if (!first.has(hash)) answered(prompts);
      continue;
    }
    reading ??= await readBenign(likelihoods, baseModel, place);
    const model = await make(state);
    const answers = first.get(hash) ?? (await answerCases(plan, model, place, request.measuring.maxTokens, answered));
    const outcome = await measureState(plan, texts, likelihoods, reading, answers, model, place);
    outcomes.set(hash, outcome);
    await context.artifacts.writeArtifact('pruning-outcomes', { ...key, state: hash }, new Map(), {
      outcome: outcomeJson(outcome),
    });
    onProgress(Math.max(done, (i + 1) * prompts), total);
  }
  return { outcomes, texts, computed: states.length - read, read };
}

async function keptAnswers(
  state: PruningState,
  plan: PromptPlan,
  request: PruneProposeRequest,
  { make, place, artifacts, key }: MeasuringContext,
  answered: (count: number) => void,
): Promise<CaseAnswers> {
  const kept = await readAnswers(state, artifacts, key);
  if (kept !== undefined) {
    answered(plan.behaviour.prompts.length);
    return kept;
  }
  const answers = await answerCases(plan, await make(state), place, request.measuring.maxTokens, answered);
  await artifacts.writeArtifact('pruning-answers', { ...key, state: stateHash(state) }, new Map(), {
    answers: answersJson(answers),
  });
  return answers;
}

async function readAnswers(
  state: PruningState,
  artifacts: Artifacts,
  key: JsonObject,
): Promise<CaseAnswers | undefined> {
  const kept = await artifacts.readArtifact('pruning-answers', { ...key, state: stateHash(state) });
  return parseAnswers(kept?.metadata.answers);
}

/** How many of the states the store has. */
export async function knownStates(
  states: readonly PruningState[],
  plan: PromptPlan,
  request: PruneProposeRequest,
  artifacts: Artifacts,
  key: JsonObject,
): Promise<number> {
  const [base, tuned] = [await readAnswers(states[0]!, artifacts, key), await readAnswers(states[1]!, artifacts, key)];
  if (base === undefined || tuned === undefined) return 0;
  const texts = hashOf(referenceTexts(plan, base, tuned, request.measuring));
  let known = 0;
  for (const state of states) {
    const kept = await artifacts.openArtifact('pruning-outcomes', { ...key, texts, state: stateHash(state) });
    if (kept !== undefined) known++;
  }
  return known;
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** The figures of a proposal from its measured states. */
export function assembleProposal(
  plan: ProposalPlan,
  maker: MaskMaker,
  { outcomes }: Pick<MeasuredStates, 'outcomes'>,
  request: PruneProposeRequest,
): Pick<PruneProposal, 'tuned' | 'scaling' | 'points' | 'recommendation' | 'shown'> {
  const settings: BootstrapSettings = { resamples: request.resamples, seed: request.mask.seed, level: 0.95 };
  const of = (state: PruningState): StateOutcome => outcomes.get(stateHash(state))!;
  const ofMask = ({ mask, hash }: NamedMask): StateOutcome => of({ kind: 'masked', mask, hash });
  const tuned = of({ kind: 'scaled', c: 1 });
  const scaled = plan.scales.map((c) => ({ c, outcome: of({ kind: 'scaled', c }) }));
  const scaling = [...scaled.map(({ outcome }) => [outcome]), [tuned]];
  const random = [[tuned], ...[...plan.controls.values()].map((control) => control.random.map(ofMask))].filter(
    (draws) => draws.length > 0,
  );
  const tunedFigures = figuresOf(tuned, settings);
  const scaledFigures = scaled.map(({ c, outcome }) => ({ c, figures: figuresOf(outcome, settings) }));
  const points = plan.points.map((planned, place): PruningPoint => {
    const outcome = ofMask(planned);
    const figures = figuresOf(outcome, settings);
    const atEqualHarm = {
      random: random.length < 2 ? null : compareAtEqualHarm(outcome, random, settings),
      scaling: compareAtEqualHarm(outcome, scaling, settings),
    };
    const conditions = conditionsOf(
      { figures, fall: harmfulFall(tuned, outcome, settings), ...atEqualHarm, scaled: scaledFigures },
      tunedFigures,
      request.accuracyLoss,
    );
    return {
      alphas: planned.alphas,
      mask: planned.hash,
      pruned: planned.pruned,
      entries: planned.entries,
      share: planned.pruned / planned.entries,
      modules: modulesOf(maker.matrices, planned),
      figures,
      controls: controlsOf(plan, place, ofMask, settings),
      atEqualHarm,
      conditions,
      worthIt: conditions.every(({ holds }) => holds),
    };
  });
  const chosen = recommended(points);
  return {
    tuned: tunedFigures,
    scaling: scaledFigures,
    points,
    recommendation: {
      alpha: chosen === undefined ? null : points[chosen]!.alphas[0]!,
      says:
        chosen === undefined
          ? noneText(points)
          : `alpha ${points[chosen]!.alphas[0]}: ${points[chosen]!.conditions.map(({ says }) => says).join('; ')}.`,
      rule: ruleText(request.accuracyLoss),
    },
    shown: chosen ?? nearest(points),
  };
}

function noneText(points: readonly PruningPoint[]): string {
  const { alphas, conditions } = points[nearest(points)]!;
  const failing = conditions.filter(({ holds }) => !holds).map(({ says }) => says);
  return `None is worth it. Nearest is alpha ${alphas[0]}, where ${failing.join('; ')}.`;
}

function controlsOf(
  plan: ProposalPlan,
  place: number,
  ofMask: (mask: NamedMask) => StateOutcome,
  settings: BootstrapSettings,
): PruningPoint['controls'] {
  const control = plan.controls.get(place);
  if (control === undefined) return [];
  const entries = plan.points[place]!.entries;
  const measured = (name: string, mask: NamedMask) => ({
    name,
    share: mask.mask.reduce((sum, part) => sum + countMarked(part), 0) / entries,
    figures: figuresOf(ofMask(mask), settings),
  });
  return [
    ...control.random.map((mask, i) => measured(`random ${i + 1}`, mask)),
    measured('magnitude', control.magnitude),
  ];
}

export function modulesOf(matrices: readonly PrunedMatrix[], { mask }: NamedMask): PruningPoint['modules'] {
  return matrices.map(({ name, module, part, values }, m) => ({
    name,
    layer: module.layer ?? 0,
    // After the layer's number: `self_attn.q_proj`.
    module: module.module.replace(/^.*?\.\d+\./, ''),
    part,
    pruned: countMarked(mask[m]!),
    entries: values.length,
  }));
}

/** Three prompts that show most: where answers before and after differ, a harmful one first. */
export function examplesOf(
  plan: PromptPlan,
  base: StateOutcome,
  tuned: StateOutcome,
  after: StateOutcome,
): PruningExample[] {
  const { harmful, benign, tests } = plan;
  const changed = <T extends { readonly answer: string | null }>(
    before: readonly T[],
    now: readonly T[],
    prefer: (i: number) => boolean,
  ): number => {
    const differs = (i: number): boolean => before[i]!.answer !== now[i]!.answer;
    const places = [...before.keys()].filter((i) => before[i]!.answer !== null);
    return places.find((i) => prefer(i) && differs(i)) ?? places.find(differs) ?? places[0] ?? -1;
  };
  const h = changed(tuned.harmful, after.harmful, (i) => tuned.harmful[i]!.complies && !after.harmful[i]!.complies);
  const b = changed(tuned.benign, after.benign, (i) => tuned.benign[i]!.refused !== after.benign[i]!.refused);
  const t = changed(tuned.tests, after.tests, (i) => tuned.tests[i]!.passed && !after.tests[i]!.passed);
  const example = (
    role: PruningExample['role'],
    asked: Parameters<typeof shownPrompt>[0] | undefined,
    answers: readonly ({ readonly answer: string | null } | undefined)[],
  ): PruningExample[] => {
    if (asked === undefined) return [];
    const [before, now, original] = answers.map((item) => item?.answer ?? '') as [string, string, string];
    return [{ role, id: asked.id, prompt: shownPrompt(asked), before, after: now, base: original }];
  };
  const shownAs = (prompt: (typeof harmful)[number] | undefined) => prompt && { ...prompt, expect: tests[0]!.expect };
  return [
    ...example('harmful', shownAs(harmful[h]), [tuned.harmful[h], after.harmful[h], base.harmful[h]]),
    ...example('benign', shownAs(benign[b]), [tuned.benign[b], after.benign[b], base.benign[b]]),
    ...example('task', tests[t], [tuned.tests[t], after.tests[t], base.tests[t]]),
  ];
}

/** Multiplications and additions that one state takes. */
export function stateOperations(
  plan: PromptPlan,
  { pairPlan, benignPlan, testPlan }: Pick<LikelihoodPlan, 'pairPlan' | 'benignPlan' | 'testPlan'>,
  model: LanguageModel,
  maxTokens: number,
): number {
  const weights = linearModules(model.config).reduce(
    (sum, { inputSize, outputSize }) => sum + inputSize * outputSize,
    0,
  );
  const generated = plan.answers.batches.reduce(
    (sum, { shape }) => sum + shape.batch * (shape.length - shape.shared + generationPrice * maxTokens),
    0,
  );
  const read = [pairPlan, benignPlan, testPlan]
    .flatMap(({ passes }) => passes)
    .reduce((sum, { shape: { batch, length, shared } }) => sum + batch * (length - (shared ?? 0)), 0);
  return 2 * weights * (generated + read);
}

/** A generated token takes more time than one that is read: its products are narrow. */
const generationPrice = 3;
