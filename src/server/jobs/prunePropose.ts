import { pruneDefaults } from '../../jobs/pruneDefaults';
import { hashPruningData, proposalDocument, proposeMetrics, proposeSettings } from '../../jobs/pruneProposal';
import { readMeasuredPrompts, readTaskTests } from '../../jobs/readMeasuredPrompts';
import { recordInStore } from '../../jobs/recordLineage';
import { resolveData, resolveModel, type WorkspaceContext } from '../../jobs/resolveSources';
import { timeText } from '../../protocol/display/findingTexts';
import { englishTexts, type Say } from '../../protocol/display/serverText';
import type { PruneProposeJob } from '../../protocol/editorJobs';
import { internalError } from '../../protocol/errors';
import type { PruneProposal, PruneProposeRequest, PruningCost } from '../../protocol/pruning';
import type { EditorJobRule, EditorJobTools } from './editorJob';

/** Masks of a fine-tune, measured beside the cheap alternatives; kept, and shown beside the realign rows. */
export const pruneProposeJob: EditorJobRule<'prunePropose'> = {
  title: ({ realign }, say) => say('job.prune', { realign: realign.join(', ') }),
  run: async (job, tools) => {
    const names = tools.workspace.names(tools.settings);
    const files = filesOf(job, names);
    const request = await requestOf(job, files, tools, names);
    const plan = await tools.run({ ...request, stage: 'plan' }, () => undefined);
    if (plan.result.kind === 'plan') tools.announceCost(costText(plan.result.cost, tools.say));
    const { result, seconds } = await tools.run(request, () => undefined);
    if (result.kind !== 'proposal') throw internalError('a proposal that was run gave a plan');
    const data = await hashPruningData(files);
    await recordInStore(
      request.storeFolder,
      'prune propose',
      data.map(({ file, path }) => ({ label: file, path })),
      proposeSettings(request, result),
      { ...proposeMetrics(result), seconds },
      tools.warn,
    );
    const document = proposalDocument(result, request, data);
    const title = pruneProposeJob.title(job, englishTexts.say);
    const { id } = await tools.analyses.add({ kind: 'pruning', title, when: Date.now(), result, document });
    return { result: { kind: 'prunePropose', analysis: id }, outcome: outcomeOf(result, tools.say) };
  },
};

function filesOf({ realign, harmful, benign, tests }: PruneProposeJob, names: WorkspaceContext) {
  const one = (name: string) => resolveData([name], names)[0]!;
  return {
    realign: resolveData(realign, names),
    harmful: harmful === null ? null : one(harmful),
    benign: one(benign),
    tests: one(tests),
  };
}

async function requestOf(
  job: PruneProposeJob,
  { realign, harmful, benign, tests }: ReturnType<typeof filesOf>,
  { workspace, settings }: EditorJobTools,
  names: WorkspaceContext,
): Promise<PruneProposeRequest> {
  const { maxLength, seed, scales, randomDraws, accuracyLoss, resamples, ...usual } = pruneDefaults;
  const known = names.workspace?.models.get(job.model ?? names.workspace.defaults.model ?? '');
  const model = resolveModel(job.model ?? undefined, undefined, names);
  const base = model.adapter === undefined ? known?.base : undefined;
  return {
    kind: 'prunePropose',
    compute: names.compute,
    model,
    base: base === undefined ? undefined : resolveModel(base, undefined, names),
    realign,
    mask: {
      target: model.adapter === undefined && base !== undefined ? 'delta' : 'adapter',
      score: 'wanda',
      threshold: 'auto',
      modules: [],
      maxLength,
      seed,
    },
    storeFolder: workspace.storeFolder(),
    storeBudget: settings.storeBudget * 1e9,
    alphas: job.alphas ?? usual.alphas,
    scales,
    controls: job.controls ?? usual.controls,
    randomDraws,
    harmful: harmful === null ? [] : await readMeasuredPrompts(harmful.path, harmful.label, 'harmful'),
    benign: await readMeasuredPrompts(benign.path, benign.label, 'benign'),
    tests: await readTaskTests(tests.path, tests.label, undefined),
    measuring: {
      template: 'chat',
      maxTokens: usual.maxTokens,
      batchSize: usual.batchSize,
      refusal: usual.refusal,
      compliance: usual.compliance,
    },
    accuracyLoss,
    resamples,
    stage: 'run',
  };
}

function costText({ masks, states, known, seconds, memoryBytes }: PruningCost, say: Say): string {
  const memory = (memoryBytes / 1e6).toFixed(0);
  return say('cost.masks', { masks, states: states - known, time: timeText(seconds, say), memory });
}

/** One line for people. */
function outcomeOf({ recommendation: { alpha }, points: { length: count } }: PruneProposal, say: Say): string {
  return alpha === null ? say('done.noMask', { count }) : say('done.mask', { alpha, count });
}
