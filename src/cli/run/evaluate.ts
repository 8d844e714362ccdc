import path from 'node:path';
import { z } from 'zod';
import { readSmallText } from '../../data/byteSource';
import { dataLimits } from '../../data/limits';
import { resolveSubject } from '../../jobs/resolveSubject';
import { inputError } from '../../protocol/errors';
import { type TraceMethod, traceMethods } from '../../protocol/influence';
import type { JsonObject } from '../../protocol/json';
import type { EvaluateOutcome, EvaluateRequest, Evaluation, Figure, ForeignScores } from '../../protocol/verification';
import { openCommandContext } from '../commandContext';
import type { EvaluateFlags } from '../commands/evaluate';
import { confirmCost } from '../confirmCost';
import { resolveQueries } from '../querySource';
import { recordLineage } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';
import { formatEvaluation } from './evaluateReport';

/** Evaluates methods and prints figures with intervals. */
export async function runEvaluate(evaluation: Evaluation, flags: EvaluateFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const subject = resolveSubject(flags, context);
  const queries = await resolveQueries(flags, context);
  refuseOverwriting(flags.out, [...subject.data, ...(queries.kind === 'file' ? [queries.file] : [])]);
  const request: EvaluateRequest = {
    kind: 'evaluate',
    ...subject,
    evaluation,
    queries,
    methods: methodsOf(flags.methods),
    foreign: await readForeign(flags.scores, methodsOf(flags.methods)),
    budget: flags.budget,
    protocol: flags.protocol === 'half' ? 'half' : 'leaveOnePercentOut',
    share: flags.share,
    damping: flags.damping,
    layer: flags.layer ?? null,
    seed: flags.seed,
    resamples: flags.resamples,
    k: flags.k ?? null,
    ...(evaluation === 'planted' ? await readTruth(flags) : { truth: [], kinds: {} }),
    stage: 'run',
  };
  if (evaluation !== 'planted' && !flags.json && !flags.quiet) {
    const plan = await runJob({ ...request, stage: 'plan' }, flags, () => undefined);
    if (plan.result.kind === 'plan') await confirmCost(plan.result.cost, flags);
  }
  const { result, device, seconds, memory } = await runJob(request, flags, () => undefined);
  const outcome = result as EvaluateOutcome;
  const { kind: _, ...figures } = outcome;
  const document = { schema: 'whence.evaluate/1', device: device?.device, seconds, memory, ...figures };
  await recordLineage(request, { seconds, evaluation, settings: outcome.settings, ...metricsOf(outcome) });
  if (flags.out !== undefined) await writeTable(flags.out, columns, linesOf(outcome), document);
  if (flags.json) printJson(document);
  else process.stdout.write(formatEvaluation(outcome));
  if (flags.json || flags.quiet) return;
  printProblems(outcome.problems, outcome.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

/** One figure a method. */
function metricsOf({ planted, lds, qld }: EvaluateOutcome): JsonObject {
  return Object.fromEntries([
    ...(planted ?? []).map(({ method, kinds }) => [method, kinds.at(-1)!.auroc.estimate]),
    ...(lds ?? []).map(({ method, lds: { estimate } }) => [method, estimate]),
    ...(qld?.methods ?? []).map(({ method, qld: { estimate } }) => [method, estimate]),
  ]);
}

function isMethod(name: string): name is TraceMethod {
  return traceMethods.some((method) => method === name);
}

function methodsOf(text: string): readonly TraceMethod[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const strange = names.find((name) => !isMethod(name));
  if (strange === undefined) return names.filter(isMethod);
  throw inputError('method-unknown', `There is no method "${strange}".`, `Use some of ${traceMethods.join(', ')}.`);
}

const foreignShape = z.object({
  queries: z.array(z.string()),
  scores: z.array(z.array(z.number().nullable())),
});

/** A file of scores is longer than a configuration. */
const foreignLimits = { ...dataLimits, maxConfigBytes: 64 * 2 ** 20 };

/** Scores of other tools, from NAME=FILE. */
async function readForeign(given: readonly string[], methods: readonly string[]): Promise<ForeignScores[]> {
  const found: ForeignScores[] = [];
  for (const text of given) {
    const cut = text.indexOf('=');
    const name = text.slice(0, cut).trim();
    const file = text.slice(cut + 1);
    if (cut < 0 || name === '' || file === '' || methods.includes(name) || found.some((other) => other.name === name))
      throw inputError(
        'scores-unnamed',
        `"${text}" is not a new name and a file.`,
        'Give --scores NAME=FILE; the name must not be one of --methods and must not come twice.',
      );
    const next = 'Give {"queries": [ids], "scores": [[a number for every row of the data file], …]}.';
    const { queries, scores } = parsed(
      await readSmallText(path.resolve(file), foreignLimits),
      foreignShape,
      file,
      next,
      'scores-unreadable',
    );
    found.push({ name, queries, scores });
  }
  return found;
}

const truthLine = z.object({ row: z.int().min(0), kind: z.string().min(1).max(200) });
const kindsShape = z.record(z.string(), z.string().min(1).max(200));

async function readTruth({ truth, kinds }: EvaluateFlags): Promise<Pick<EvaluateRequest, 'truth' | 'kinds'>> {
  if (truth === undefined || kinds === undefined)
    throw inputError(
      'truth-missing',
      `planted needs to know ${truth === undefined ? 'what every row is' : 'what every query should find'}.`,
      truth === undefined ? 'Give --truth with {"row", "kind"} lines.' : 'Give --kinds with {"query id": "kind"}.',
    );
  const lines = (await readSmallText(path.resolve(truth), dataLimits)).split('\n');
  const rows = lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const { row, kind } = parsed(
      line,
      truthLine,
      `${truth}:${index + 1}`,
      'Give {"row": 0, "kind": "…"}, the row 0-based.',
      'truth-unreadable',
    );
    return [{ row, kind }];
  });
  const text = await readSmallText(path.resolve(kinds), dataLimits);
  return {
    truth: rows,
    kinds: parsed(text, kindsShape, kinds, 'Give one JSON object: {"query id": "kind"}.', 'truth-unreadable'),
  };
}

function parsed<T>(text: string, shape: z.ZodType<T>, place: string, next: string, code: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw inputError(code, `${place} is not JSON.`, next, { cause });
  }
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw inputError(code, `${place}: ${issue.path.join('.') || 'it'}: ${issue.message}.`, next);
}

/** One figure of a written table. */
interface FigureLine {
  readonly method: string;
  readonly subject: string;
  readonly figure: string;
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

function linesOf({ planted, lds, qld }: EvaluateOutcome): FigureLine[] {
  const line = (method: string, subject: string, figure: string, value: Figure | number): FigureLine =>
    typeof value === 'number'
      ? { method, subject, figure, value, low: null, high: null }
      : { method, subject, figure, value: value.estimate, low: value.low, high: value.high };
  return [
    ...(planted ?? []).flatMap(({ method, kinds, queries }) => [
      ...kinds.flatMap(({ kind, auroc, recall, meanReciprocalRank }) => [
        line(method, kind ?? 'all', 'auroc', auroc),
        line(method, kind ?? 'all', 'recall', recall),
        line(method, kind ?? 'all', 'meanReciprocalRank', meanReciprocalRank),
      ]),
      ...queries.map(({ id, auroc }) => line(method, id, 'auroc', auroc)),
    ]),
    ...(lds ?? []).flatMap(({ method, lds: all, perQuery, differences }) => [
      line(method, 'all', 'lds', all),
      ...perQuery.map(({ id, correlation }) => line(method, id, 'correlation', correlation)),
      ...differences.map(({ from, difference }) => line(method, `minus ${from}`, 'lds', difference)),
    ]),
    ...(qld?.methods ?? []).flatMap(({ method, qld: all, againstRandom, againstBm25, perQuery }) => [
      line(method, 'all', 'qld', all),
      line(method, 'minus random', 'qld', againstRandom),
      ...(againstBm25 === null ? [] : [line(method, 'minus bm25', 'qld', againstBm25)]),
      ...perQuery.map(({ id, rise }) => line(method, id, 'rise', rise)),
    ]),
  ];
}

const columns: readonly TableColumn<FigureLine>[] = [
  { name: 'method', type: 'STRING', value: ({ method }) => method },
  { name: 'of', type: 'STRING', value: ({ subject }) => subject },
  { name: 'figure', type: 'STRING', value: ({ figure }) => figure },
  { name: 'value', type: 'DOUBLE', value: ({ value }) => value },
  { name: 'low', type: 'DOUBLE', value: ({ low }) => low },
  { name: 'high', type: 'DOUBLE', value: ({ high }) => high },
];
