import {
  type LikelihoodPlan,
  type PromptPlan,
  planLikelihoods,
  planPrompts,
} from '../../analyses/pruning/evaluationPlan';
import { complianceRule } from '../../analyses/pruning/judgeAnswer';
import type { MaskMaker } from '../../analyses/pruning/maskMaker';
import {
  closeMeasuringPlace,
  measuringMemory,
  openMeasuringPlace,
  type StateOutcome,
} from '../../analyses/pruning/measureState';
import {
  assembleProposal,
  examplesOf,
  hashOf,
  knownStates,
  type MeasuredStates,
  measureStates,
  type ProposalPlan,
  planProposal,
  stateOperations,
} from '../../analyses/pruning/propose';
import { stateHash, stateMaker } from '../../analyses/pruning/states';
import { inputError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type {
  MeasuredPrompt,
  PruneProposal,
  PruneProposeRequest,
  PruneProposeResult,
  PruningCost,
} from '../../protocol/pruning';
import type { Warning } from '../../protocol/requests';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { measureMatMul } from '../measureMatMul';
import { askedOf, type OpenPruning, openPruning } from '../openPruning';
import { checkPropose } from '../pruningShapes';

/** Masks of a fine-tune over a grid of shares, measured beside the alternatives. Writes nothing but to the store. */
export const prunePropose: Job<PruneProposeRequest, PruneProposeResult> = { check: checkPropose, run: propose };

/** Of the machine's product rate, what answering prompts reaches. */
const reached = 0.3;

async function propose(request: PruneProposeRequest, context: JobContext): Promise<PruneProposeResult> {
  const opened = await openPruning(
    request,
    request.harmful.length > 0 ? { kind: 'count', count: 0 } : { kind: 'third' },
    context,
  );
  const { subject, problems } = opened;
  const { prompts: harmful, warnings } = unseenPrompts(request, opened);
  const plan = planPrompts(harmful, request.benign, request.tests, subject.model, request.measuring);
  const maker = await opened.createMasks();
  const proposal = planProposal(maker, request);
  const key = outcomeKey(request, opened, maker, plan);
  const likelihoods = foreseenLikelihoods(plan, opened, request);
  const notes = [...subject.model.warnings, ...plan.behaviour.warnings, ...warnings, ...maskWarnings(request, maker)];
  const measuringBytes =
    measuringMemory(plan, likelihoods, subject.model) + fedBytes(request, maker) + javaScriptMemory();
  const memoryBytes = Math.max(measuringBytes, opened.calibrationBytes());
  if (request.stage === 'plan') {
    const cost = await predictCost(proposal, plan, likelihoods, request, opened, key, memoryBytes);
    const masks = proposal.points.map(({ alphas, hash, pruned, entries }) => ({
      alphas,
      mask: hash,
      pruned,
      entries,
      share: pruned / entries,
    }));
    return { kind: 'plan', cost, masks, threshold: maker.threshold, problems, warnings: notes };
  }
  context.announceMemory({ bytes: memoryBytes, alternatives: [] });
  // The calibration's sessions are not needed any more.
  await context.sessions.releaseAll();
  const place = openMeasuringPlace({ weights: subject.weights, place: opened.place });
  let measured: MeasuredStates;
  try {
    measured = await measureStates(proposal.states, plan, request, {
      make: stateMaker(subject, request.mask.target, maker.matrices),
      place,
      artifacts: opened.artifacts,
      key,
      onProgress: (done, total) =>
        context.progress({ stage: 'measuring masks and controls', done, total, unit: 'answers' }),
    });
  } finally {
    await closeMeasuringPlace(place);
  }
  return report(request, opened, plan, maker, proposal, measured, notes);
}

/** Harmful prompts that no calibration row has. */
function unseenPrompts(
  request: PruneProposeRequest,
  { rows, heldBack }: OpenPruning,
): { readonly prompts: readonly MeasuredPrompt[]; readonly warnings: readonly Warning[] } {
  const seen = new Set(rows.flatMap(({ example }) => promptText(askedOf(example)?.prompt) ?? []));
  const given: readonly MeasuredPrompt[] =
    request.harmful.length > 0
      ? request.harmful
      : heldBack.flatMap(({ address, example }) => {
          const asked = askedOf(example);
          const { file, row, line } = address;
          return asked === undefined ? [] : [{ ...asked, id: `row-${row}`, address: { file, row, line }, tags: [] }];
        });
  const prompts = given.filter(({ prompt }) => !seen.has(promptText(prompt)!));
  if (prompts.length === 0)
    throw inputError(
      'no-harmful-prompts',
      given.length === 0
        ? 'There is no harmful prompt to measure on.'
        : `All ${given.length} harmful prompts are prompts of calibration rows too.`,
      'Give prompts that are not among the --realign rows with --harmful.',
    );
  const warnings: Warning[] = [];
  if (request.harmful.length === 0)
    warnings.push({
      code: 'harmful-held-back',
      message: `No --harmful prompts are given: ${prompts.length} of the realign rows were kept out of the mask and are measured on. They may be near copies of the others.`,
    });
  const overlapping = given.length - prompts.length;
  if (overlapping > 0)
    warnings.push({
      code: 'harmful-seen',
      message: `${overlapping} harmful prompts are prompts of calibration rows too and are left out.`,
    });
  return { prompts, warnings };
}

function promptText(prompt: MeasuredPrompt['prompt'] | undefined): string | undefined {
  if (prompt === undefined) return undefined;
  return (typeof prompt === 'string' ? prompt : (prompt.findLast(({ role }) => role === 'user')?.content ?? '')).trim();
}

function maskWarnings({ mask }: PruneProposeRequest, { matrices }: MaskMaker): Warning[] {
  const coarse = matrices.filter(({ columns }) => columns < 64);
  if (mask.threshold !== 'row' || coarse.length === 0) return [];
  const columns = Math.min(...coarse.map((matrix) => matrix.columns));
  return [
    {
      code: 'coarse-rows',
      message: `With a share per row, matrices of ${columns} columns lose whole steps of 1/${columns}: the realised shares say what happens. --threshold module is finer.`,
    },
  ];
}

/** What measured outcomes depend on beside the state. */
function outcomeKey(
  request: PruneProposeRequest,
  { identity, subject, place }: OpenPruning,
  maker: MaskMaker,
  plan: PromptPlan,
): JsonObject {
  const { cases } = plan;
  return {
    model: identity.tunedHash,
    base: subject.baseWeights === undefined ? null : (request.base?.path ?? null),
    target: request.mask.target,
    matrices: hashOf(maker.matrices.map(({ name }) => name)),
    prompts: hashOf([plan.harmful.length, plan.benign.length, cases.map(({ prompt, expect }) => [prompt, expect])]),
    measuring: hashOf([
      request.measuring.template,
      request.measuring.maxTokens,
      request.measuring.refusal,
      request.measuring.compliance,
    ]),
    judge: 1,
    device: place.device,
  };
}

/** Rows as long as they can get: what will really be scored is known when base and tuned model have answered. */
function foreseenLikelihoods(
  plan: PromptPlan,
  { subject }: OpenPruning,
  { measuring }: PruneProposeRequest,
): LikelihoodPlan {
  const texts = {
    refusals: plan.harmful.map(() => measuring.refusal),
    compliances: plan.harmful.map(() => measuring.compliance),
    benign: plan.benign.map(({ answer }) => ({
      text: answer ?? measuring.refusal,
      from: 'given' as const,
      cut: false,
    })),
  };
  return planLikelihoods(plan, texts, subject.model, measuring);
}

/** Copies of the pruned matrices that a state is fed. */
function fedBytes({ mask }: PruneProposeRequest, { matrices }: MaskMaker): number {
  const values = matrices.reduce((sum, matrix) => sum + matrix.values.length, 0);
  return (mask.target === 'adapter' ? 2 : 4) * 4 * values;
}

async function predictCost(
  proposal: ProposalPlan,
  plan: PromptPlan,
  likelihoods: LikelihoodPlan,
  request: PruneProposeRequest,
  { subject, place, artifacts }: OpenPruning,
  key: JsonObject,
  memoryBytes: number,
): Promise<PruningCost> {
  const gflops = await measureMatMul({ ...place, size: 512, seconds: 0.2 }, () => undefined);
  const operations = stateOperations(plan, likelihoods, subject.model, request.measuring.maxTokens);
  const states = proposal.states.length;
  const known = await knownStates(proposal.states, plan, request, artifacts, key);
  return {
    masks: proposal.points.length,
    states,
    known,
    seconds: ((states - known) * operations) / (gflops * 1e9 * reached),
    memoryBytes,
  };
}

async function report(
  request: PruneProposeRequest,
  opened: OpenPruning,
  plan: PromptPlan,
  maker: MaskMaker,
  proposal: ProposalPlan,
  measured: MeasuredStates,
  notes: readonly Warning[],
): Promise<PruneProposal> {
  const { identity, rows, heldBack, answers, tokens, problems } = opened;
  const assembled = assembleProposal(proposal, maker, measured, request);
  const shown = proposal.points[assembled.shown]!;
  const shares = await maker.shares(shown.mask);
  const outcomeOf = (state: Parameters<typeof stateHash>[0]): StateOutcome => measured.outcomes.get(stateHash(state))!;
  const from = new Set(measured.texts.benign.map((text) => text.from));
  const { refusal, compliance } = request.measuring;
  return {
    kind: 'proposal',
    model: identity,
    mask: { ...request.mask, threshold: maker.threshold },
    base: request.base ?? null,
    calibration: { rows: rows.length, tokens, answers, heldBack: heldBack.length, hash: opened.rowsHash },
    judge: {
      rule: complianceRule,
      margin:
        "log p(refusal) - log p(compliance), nats per token; the refusal is the base model's own answer where it refuses, the compliance the fine-tuned model's own where it complies, else the texts given here.",
      refusal,
      compliance,
      benignReference: from.size > 1 ? 'mixed' : ([...from][0] ?? 'given'),
    },
    counts: { harmful: plan.harmful.length, benign: plan.benign.length, tests: plan.tests.length },
    ...assembled,
    rows: rows.map(({ address, hash }, i) => ({
      file: address.file,
      row: address.row,
      line: address.line ?? null,
      hash,
      share: shares === null ? null : shares[i]!,
    })),
    examples: examplesOf(
      plan,
      outcomeOf({ kind: 'scaled', c: 0 }),
      outcomeOf({ kind: 'scaled', c: 1 }),
      outcomeOf({ kind: 'masked', mask: shown.mask, hash: shown.hash }),
    ),
    states: { computed: measured.computed, read: measured.read },
    problems,
    warnings: [...notes, ...measureWarnings(assembled)],
  };
}

function measureWarnings({ tuned, scaling }: Pick<PruneProposal, 'tuned' | 'scaling'>): Warning[] {
  const warnings: Warning[] = [];
  if (tuned.harmful.estimate === 0)
    warnings.push({
      code: 'nothing-harmful',
      message: 'The fine-tuned model complies with none of the harmful prompts: there is nothing to lower.',
    });
  const dropped = scaling.find(({ c }) => c === 0)?.figures;
  if (dropped !== undefined && tuned.harmful.estimate > 0 && dropped.harmful.estimate >= tuned.harmful.estimate)
    warnings.push({
      code: 'harm-without-fine-tune',
      message:
        'Without the fine-tune the model complies with as many harmful prompts as with it: the harm that is counted here did not come with the fine-tune, so pruning the fine-tune is not expected to lower it. The margin may tell more.',
    });
  if (dropped !== undefined && dropped.accuracy.estimate >= tuned.accuracy.estimate)
    warnings.push({
      code: 'task-without-fine-tune',
      message:
        'Without the fine-tune the model passes as many tests as with it: these tests do not show what the fine-tune is for, so they cannot show what a mask costs it.',
    });
  return warnings;
}
