import path from 'node:path';
import { hashPruningData, proposalDocument, proposeMetrics, proposeSettings } from '../../jobs/pruneProposal';
import { readMeasuredPrompts, readTaskTests } from '../../jobs/readMeasuredPrompts';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import type { PruneProposal, PruneProposeRequest, PruningFigures, PruningPoint } from '../../protocol/pruning';
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

/** Measures masks and prints the curve; with --dry-run says what there would be to measure. */
export async function runPropose(flags: ProposeFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const model = resolveModel(flags.model, flags.adapter, context);
  const known = context.workspace?.models.get(flags.model ?? context.workspace.defaults.model ?? '');
  const baseName = flags.base ?? (model.adapter === undefined ? known?.base : undefined);
  const realign = resolveData(flags.realign, context);
  const benign = sourceOf(flags.benign);
  const tests = sourceOf(flags.tests);
  const harmful = flags.harmful === undefined ? null : sourceOf(flags.harmful);
  refuseOverwriting(flags.out, [...realign, benign, tests, ...(harmful === null ? [] : [harmful])]);
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
    harmful: harmful === null ? [] : await readMeasuredPrompts(harmful.path, harmful.label, 'harmful'),
    benign: await readMeasuredPrompts(benign.path, benign.label, 'benign'),
    tests: await readTaskTests(tests.path, tests.label, flags.tag),
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
  const data = await hashPruningData({ realign, harmful, benign, tests });
  const document = { ...proposalDocument(proposal, request, data), device: device?.device, seconds, memory };
  await recordInStore(
    request.storeFolder,
    'prune propose',
    data.map(({ file, path: place }) => ({ label: file, path: place })),
    proposeSettings(request, proposal),
    { ...proposeMetrics(proposal), seconds },
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
