import path from 'node:path';
import { parseBehaviours } from '../../data/behaviours';
import { hashFile } from '../../data/hash';
import { dataLimits } from '../../data/limits';
import { parsePrompts, type ReadPrompt } from '../../data/prompts';
import { behaviourCase } from '../../jobs/readBehaviourCases';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import type { BehaviourCase } from '../../protocol/behaviour';
import { inputError } from '../../protocol/errors';
import type {
  MeasuredPrompt,
  PruneProposal,
  PruneProposeRequest,
  PruningData,
  PruningFigures,
  PruningPoint,
} from '../../protocol/pruning';
import type { DataSource } from '../../protocol/requests';
import { storeFolderOf } from '../../store/storeFolder';
import { openCommandContext } from '../commandContext';
import type { ProposeFlags } from '../commands/prune';
import { formatSeconds } from '../progress';
import { recordInStore } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';
import { formatPlan, formatProposal } from './pruneReport';

export const proposalSchema = 'whence.prune/1';

/** Measures masks and prints the curve; with --dry-run says what there would be to measure. */
export async function runPropose(flags: ProposeFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const model = resolveModel(flags.model, flags.adapter, context);
  const known = context.workspace?.models.get(flags.model ?? context.workspace.defaults.model ?? '');
  const baseName = flags.base ?? (model.adapter === undefined ? known?.base : undefined);
  const realign = resolveData(flags.realign, context);
  const files = [flags.benign, flags.tests, ...(flags.harmful === undefined ? [] : [flags.harmful])].map(sourceOf);
  refuseOverwriting(flags.out, [...realign, ...files]);
  const request: PruneProposeRequest = {
    kind: 'prunePropose',
    compute: context.compute,
    model,
    base: baseName === undefined ? undefined : resolveModel(baseName, undefined, context),
    realign,
    mask: {
      target: flags.target,
      score: flags.score,
      threshold: flags.threshold,
      modules: flags.modules ?? [],
      maxLength: flags.maxLength,
      seed: flags.seed,
    },
    storeFolder:
      flags.store === undefined ? storeFolderOf(context.workspace?.folder ?? '.') : path.resolve(flags.store),
    storeBudget: flags.storeBudget * 1e9,
    alphas: flags.alpha,
    scales: flags.scales,
    controls: flags.controls,
    randomDraws: flags.randomDraws,
    harmful: flags.harmful === undefined ? [] : await readPrompts(flags.harmful, 'harmful'),
    benign: await readPrompts(flags.benign, 'benign'),
    tests: await readTests(flags),
    measuring: {
      template: flags.raw ? 'raw' : 'chat',
      maxTokens: flags.maxTokens,
      batchSize: flags.batchSize,
      refusal: flags.refusal,
      compliance: flags.compliance,
    },
    accuracyLoss: flags.accuracyLoss,
    resamples: flags.resamples,
    stage: 'run',
  };
  if (flags.dryRun || (!flags.json && !flags.quiet)) {
    const { result } = await runJob({ ...request, stage: 'plan' }, flags, () => undefined);
    if (result.kind === 'plan' && flags.dryRun) {
      if (flags.json) printJson({ schema: 'whence.prunePlan/1', ...result });
      else process.stdout.write(formatPlan(result));
      return;
    }
    if (result.kind === 'plan') {
      const { masks, states, known: measured, seconds, memoryBytes } = result.cost;
      const before = measured === 0 ? '' : `, ${measured} of them known`;
      process.stderr.write(
        `${masks} distinct masks, ${states} states of the model to measure${before}: about ${formatSeconds(seconds)}, ${Math.ceil(memoryBytes / 1e6)} MB of memory\n`,
      );
    }
  }
  const { result, device, seconds, memory } = await runJob(request, flags, () => undefined);
  const proposal = result as PruneProposal;
  const data = await hashedData(flags, realign);
  const { kind: _, ...figures } = proposal;
  const { alphas, scales, controls, randomDraws, measuring, accuracyLoss, resamples } = request;
  const document = {
    schema: proposalSchema,
    device: device?.device,
    seconds,
    memory,
    data,
    settings: { ...proposal.mask, alphas, scales, controls, randomDraws, ...measuring, accuracyLoss, resamples },
    ...figures,
  };
  await recordInStore(
    request.storeFolder,
    'prune propose',
    data.map(({ file, path: place }) => ({ label: file, path: place })),
    {
      model: model.label,
      mask: proposal.mask.threshold,
      target: flags.target,
      score: flags.score,
      alphas: [...alphas],
    },
    {
      seconds,
      recommended: proposal.recommendation.alpha,
      harmful: proposal.tuned.harmful.estimate,
      accuracy: proposal.tuned.accuracy.estimate,
    },
  );
  if (flags.out !== undefined) await writeTable(flags.out, columns, linesOf(proposal), document);
  if (flags.json) printJson(document);
  else process.stdout.write(formatProposal(proposal));
  if (flags.json || flags.quiet) return;
  printProblems(proposal.problems, proposal.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

function sourceOf(file: string): DataSource {
  return { label: file, path: path.resolve(file), schema: undefined };
}

async function readPrompts(file: string, what: 'harmful' | 'benign'): Promise<readonly MeasuredPrompt[]> {
  const { prompts, problems } = await parsePrompts(path.resolve(file), { file, limits: dataLimits });
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw inputError(error.code, error.message, error.next);
  if (prompts.length > 0) return prompts.map(measuredPrompt);
  throw inputError(`no-${what}-prompts`, `${file} has no prompt.`, 'Give one {"id", "prompt"} or {"messages"} a line.');
}

function measuredPrompt({ id, address, prompt, answer, tags }: ReadPrompt): MeasuredPrompt {
  const { file, row, line } = address;
  const asked =
    typeof prompt === 'string' ? prompt : prompt.map(({ role, content, extra }) => ({ role, content, extra }));
  return { id, address: { file, row, line }, prompt: asked, answer, tags };
}

/** Behaviour tests, or rows with answers: then the answer must come back as it stands there. */
async function readTests({ tests: file, tag }: ProposeFlags): Promise<readonly BehaviourCase[]> {
  const place = path.resolve(file);
  const read = await parseBehaviours(place, { file, limits: dataLimits });
  let tests = read.tests.map(behaviourCase);
  const error = read.problems.find(({ severity }) => severity === 'error');
  if (tests.length === 0) {
    const { prompts } = await parsePrompts(place, { file, limits: dataLimits });
    tests = prompts.flatMap((prompt, i) => labelledTest(prompt, i) ?? []);
    if (tests.length < prompts.length || tests.length === 0) {
      throw inputError(
        error?.code ?? 'no-tests',
        error?.message ?? `${file} has no tests.`,
        'Give behaviour tests {"id", "prompt", "expect"}, or rows with an answer each.',
      );
    }
  } else if (error !== undefined) throw inputError(error.code, error.message, error.next);
  if (tag === undefined) return tests;
  const tagged = tests.filter(({ tags }) => tag.some((name) => tags.includes(name)));
  if (tagged.length > 0) return tagged;
  const tags = [...new Set(tests.flatMap((test) => test.tags))].slice(0, 12);
  throw inputError(
    'no-matching-test',
    `No test of ${file} has such a tag.`,
    `Its tags are ${tags.join(', ') || 'none'}.`,
  );
}

function labelledTest(read: ReadPrompt, number: number): BehaviourCase | undefined {
  const { answer, ...prompt } = measuredPrompt(read);
  if (answer === null) return undefined;
  const expect = {
    equals: answer,
    contains: [],
    notContains: [],
    matches: undefined,
    refuses: undefined,
    prefers: undefined,
  };
  return { ...prompt, id: `${prompt.id} ${number}`, expect };
}

async function hashedData(flags: ProposeFlags, realign: readonly DataSource[]): Promise<PruningData[]> {
  const named: [PruningData['role'], DataSource][] = [
    ...realign.map((source): [PruningData['role'], DataSource] => ['realign', source]),
    ...(flags.harmful === undefined ? [] : [['harmful', sourceOf(flags.harmful)] as [PruningData['role'], DataSource]]),
    ['benign', sourceOf(flags.benign)],
    ['tests', sourceOf(flags.tests)],
  ];
  const data: PruningData[] = [];
  for (const [role, { label, path: place }] of named)
    data.push({ role, file: label, path: place, hash: await hashFile(place) });
  return data;
}

/** One line of a written table: a measured state. */
interface StateLine {
  readonly state: string;
  readonly alpha: number | null;
  readonly c: number | null;
  readonly share: number | null;
  readonly figures: PruningFigures;
  readonly point: PruningPoint | undefined;
}

function linesOf({ tuned, scaling, points }: PruneProposal): StateLine[] {
  const plain = { alpha: null, c: null, share: null, point: undefined };
  return [
    { ...plain, state: 'tuned', c: 1, figures: tuned },
    ...scaling.map(({ c, figures }) => ({ ...plain, state: 'scaled', c, figures })),
    ...points.flatMap((point) => [
      { ...plain, state: 'mask', alpha: point.alphas[0]!, share: point.share, figures: point.figures, point },
      ...point.controls.map(({ name, share, figures }) => ({
        ...plain,
        state: name,
        alpha: point.alphas[0]!,
        share,
        figures,
      })),
    ]),
  ];
}

const figureNames: readonly (keyof PruningFigures)[] = [
  'harmful',
  'margin',
  'prefersCompliance',
  'accuracy',
  'drift',
  'perplexity',
  'refusedBenign',
  'degenerate',
  'overlap',
];

const columns: readonly TableColumn<StateLine>[] = [
  { name: 'state', type: 'STRING', value: ({ state }) => state },
  { name: 'alpha', type: 'DOUBLE', value: ({ alpha }) => alpha },
  { name: 'c', type: 'DOUBLE', value: ({ c }) => c },
  { name: 'share', type: 'DOUBLE', value: ({ share }) => share },
  ...figureNames.flatMap((name): TableColumn<StateLine>[] => [
    { name, type: 'DOUBLE', value: ({ figures }) => figures[name].estimate },
    { name: `${name}Low`, type: 'DOUBLE', value: ({ figures }) => figures[name].low },
    { name: `${name}High`, type: 'DOUBLE', value: ({ figures }) => figures[name].high },
  ]),
  {
    name: 'againstRandom',
    type: 'DOUBLE',
    value: ({ point }) => point?.atEqualHarm.random?.difference.estimate ?? null,
  },
  {
    name: 'againstScaling',
    type: 'DOUBLE',
    value: ({ point }) => point?.atEqualHarm.scaling?.difference.estimate ?? null,
  },
  { name: 'worthIt', type: 'INT32', value: ({ point }) => (point === undefined ? null : point.worthIt ? 1 : 0) },
];
