import { existsSync } from 'node:fs';
import path from 'node:path';
import { readSmallText } from '../../data/byteSource';
import { dataLimits } from '../../data/limits';
import { readBehaviourCases } from '../../jobs/readBehaviourCases';
import { resolveSubject } from '../../jobs/resolveSubject';
import { inputError } from '../../protocol/errors';
import type { Removal, VerifiedQuery, VerifyOutcome, VerifyRequest } from '../../protocol/verification';
import { openCommandContext } from '../commandContext';
import type { VerifyFlags } from '../commands/verify';
import { confirmCost } from '../confirmCost';
import { resolveQueries } from '../querySource';
import { recordLineage } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';
import { formatVerification } from './verifyReport';

/** Prompts of behaviour tests that are answered together where nothing else is asked for. */
const answeredTogether = 8;

/** Trains again without rows and prints what that did beside what was predicted. */
export async function runVerify(flags: VerifyFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const subject = resolveSubject(flags, context);
  const queries = await resolveQueries(flags, context);
  refuseOverwriting(flags.out, [...subject.data, ...(queries.kind === 'file' ? [queries.file] : [])]);
  const request: VerifyRequest = {
    kind: 'verify',
    ...subject,
    queries,
    method: flags.method,
    removal: await removalOf(flags),
    damping: flags.damping,
    layer: flags.layer ?? null,
    seed: flags.seed,
    randomRemovals: flags.random,
    reshuffleSeeds: flags.reshuffle ? Array.from({ length: flags.seeds }, (_, i) => flags.seed + i) : [],
    tests: flags.tests === undefined ? [] : await readBehaviourCases(path.resolve(flags.tests), flags.tests),
    testing: { template: 'chat', maxTokens: flags.maxTokens, batchSize: flags.batchSize ?? answeredTogether },
    stage: 'run',
  };
  if (!flags.json && !flags.quiet) {
    const plan = await runJob({ ...request, stage: 'plan' }, flags, () => undefined);
    if (plan.result.kind === 'plan') await confirmCost(plan.result.cost, flags);
  }
  const { result, device, seconds, memory } = await runJob(request, flags, () => undefined);
  const outcome = result as VerifyOutcome;
  const { kind: _, ...figures } = outcome;
  const document = { schema: 'whence.verify/1', device: device?.device, seconds, memory, ...figures };
  await recordLineage(request, {
    seconds,
    method: outcome.method,
    signRight: outcome.summary.removals.sign.estimate,
    changes: outcome.queries.slice(0, 1000).map(({ id, outcome: { actual } }) => ({ id, actual })),
  });
  if (flags.out !== undefined) await writeTable(flags.out, columns, outcome.queries, document);
  if (flags.json) printJson(document);
  else process.stdout.write(formatVerification(outcome));
  if (flags.json || flags.quiet) return;
  printProblems(outcome.problems, outcome.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

const columns: readonly TableColumn<VerifiedQuery>[] = [
  { name: 'query', type: 'STRING', value: ({ id }) => id },
  { name: 'measurement', type: 'DOUBLE', value: ({ measurement }) => measurement },
  { name: 'rows', type: 'INT32', value: ({ removed }) => removed.length },
  { name: 'predicted', type: 'DOUBLE', value: ({ outcome }) => outcome.predicted },
  { name: 'predictedNats', type: 'DOUBLE', value: ({ outcome }) => outcome.predictedNats },
  { name: 'actual', type: 'DOUBLE', value: ({ outcome }) => outcome.actual },
  { name: 'bm25Actual', type: 'DOUBLE', value: ({ bm25 }) => bm25.actual },
  { name: 'randomActual', type: 'DOUBLE', value: ({ random }) => meanOf(random.map(({ actual }) => actual)) },
];

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const mostRows = 1_000_000;

/** `top`, `group`, `3,17,20` or a file of rows. */
async function removalOf({ rows, k }: VerifyFlags): Promise<Removal> {
  if (rows === 'group') return { kind: 'group' };
  if (rows === 'top') return { kind: 'top', count: k };
  if (/^\d+(,\d+)*$/.test(rows))
    return { kind: 'rows', rows: rows.split(',').map((row) => ({ file: null, row: Number(row) })) };
  if (!existsSync(rows))
    throw inputError(
      'rows-unknown',
      `--rows ${rows} is neither top, nor group, nor row numbers, nor a file.`,
      'Give for example --rows 3,17,20, or a file with one {"row": 3} a line.',
    );
  const lines = (await readSmallText(path.resolve(rows), dataLimits)).split('\n');
  const named = lines.flatMap((line, index) => (line.trim() === '' ? [] : [rowOfLine(line, `${rows}:${index + 1}`)]));
  if (named.length > 0 && named.length <= mostRows) return { kind: 'rows', rows: named };
  throw inputError('rows-unknown', `${rows} names ${named.length} rows.`, 'Give one {"row": 3} a line.');
}

function rowOfLine(line: string, place: string): { readonly file: string | null; readonly row: number } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw inputError('rows-unknown', `${place} is not JSON.`, 'Give one {"row": 3} a line.', { cause });
  }
  const { row, file } = (typeof value === 'object' && value !== null ? value : { row: value }) as {
    readonly row?: unknown;
    readonly file?: unknown;
  };
  const isPlain = Number.isSafeInteger(row) && (row as number) >= 0 && (file === undefined || typeof file === 'string');
  if (isPlain) return { row: row as number, file: (file as string | undefined) ?? null };
  throw inputError(
    'rows-unknown',
    `${place} names no row.`,
    'Give {"row": 3}, the row 0-based, with "file" where there are several.',
  );
}
