import { dataLimits } from '../../data/limits';
import { readSchemaRows } from '../../data/readSchemaRows';
import { isProblems, toExample } from '../../data/schemas/toExample';
import type { RowProblem, Schema } from '../../data/types';
import { resolveData, resolveModel } from '../../jobs/resolveSources';
import { inputError } from '../../protocol/errors';
import type { DataProblem, DataSource, InspectDataResult, InspectModelResult } from '../../protocol/requests';
import { type CommandContext, openCommandContext } from '../commandContext';
import type { InspectFlags } from '../commands/inspect';
import { noUsableRow } from '../noUsableRow';
import { runJob } from '../runJob';
import { printJson, printProblems, refuseOverwriting, requireOutput, writeFileAtomically } from '../writeOutput';

/** Tokens of a row when only counting. */
const countedLength = 1_048_576;

/** Describes a model, data files, or both together. */
export async function runInspect(flags: InspectFlags): Promise<void> {
  requireOutput(flags.out, ['.json']);
  const context = await openCommandContext(flags);
  const wantsModel = flags.model !== undefined || flags.adapter !== undefined;
  if (!wantsModel && flags.data === undefined) {
    throw inputError('inspect-what', 'Nothing to inspect is named.', 'Give --model, --adapter or --data.');
  }
  const model = wantsModel ? await inspectModel(flags, context) : undefined;
  const sources = flags.data === undefined ? undefined : resolveData(flags.data, context);
  refuseOverwriting(flags.out, sources ?? []);
  const data = sources === undefined ? undefined : await inspectData(sources, flags, context);
  const document = { schema: 'whence.inspect/1', ...(model && { model }), ...(data && { data }) };
  if (flags.out !== undefined) await writeFileAtomically(flags.out, `${JSON.stringify(document, null, 2)}\n`);
  if (flags.json) printJson(document);
  else {
    if (model !== undefined) printModel(model);
    for (const file of data ?? []) printFile(file);
    if (!flags.quiet) printProblems(data?.flatMap(({ problems }) => problems) ?? [], model?.warnings ?? []);
  }
  const unusable = data?.find(({ usableRows }) => usableRows === 0);
  if (unusable !== undefined) throw noUsableRow([unusable.file], unusable.problems);
}

async function inspectModel(flags: InspectFlags, context: CommandContext): Promise<InspectModelResult> {
  const model = resolveModel(flags.model, flags.adapter, context);
  return (await runJob({ kind: 'inspectModel', compute: context.compute, model }, flags, () => undefined)).result;
}

interface InspectedFile {
  readonly file: string;
  readonly schema: Pick<Schema, 'name' | 'family' | 'fields' | 'source'> | null;
  readonly rows: number;
  /** Rows that fit the schema. */
  readonly usableRows: number;
  readonly tokens: InspectDataResult['files'][number] | null;
  readonly problems: readonly DataProblem[];
}

async function inspectData(
  sources: readonly DataSource[],
  flags: InspectFlags,
  context: CommandContext,
): Promise<readonly InspectedFile[]> {
  const files = await Promise.all(sources.map(readFile));
  if (flags.model === undefined && flags.adapter === undefined) return files;
  const model = resolveModel(flags.model, flags.adapter, context);
  const { result } = await runJob(
    { kind: 'inspectData', compute: context.compute, model, data: sources, maxLength: countedLength },
    flags,
    () => undefined,
  );
  return files.map((file, i) => ({
    ...file,
    tokens: result.files[i] ?? null,
    problems: result.problems.filter((problem) => problem.file === file.file),
  }));
}

async function readFile(source: DataSource): Promise<InspectedFile> {
  const { label } = source;
  const problems: RowProblem[] = [];
  let schema: Schema | undefined;
  let count = 0;
  let usable = 0;
  for await (const batch of readSchemaRows(source, dataLimits)) {
    problems.push(...batch.problems);
    schema = batch.schema;
    count += batch.rows.length;
    for (const row of batch.rows) {
      const example = schema === undefined ? undefined : toExample(row, schema);
      if (isProblems(example)) problems.push(...example);
      else if (example !== undefined) usable += 1;
    }
  }
  return {
    file: label,
    schema:
      schema === undefined
        ? null
        : { name: schema.name, family: schema.family, fields: schema.fields, source: schema.source },
    rows: count,
    usableRows: usable,
    tokens: null,
    problems: problems.map(({ address, severity, code, message, next }) => ({
      file: address.file,
      row: address.row,
      line: address.line ?? null,
      severity,
      code,
      message,
      next,
    })),
  };
}

function printModel(result: InspectModelResult): void {
  const { model, adapter } = result;
  const lines: (readonly [string, string])[] = [
    ['path', model.path],
    ['architecture', result.architecture],
    ['parameters', countOf(result.parameters)],
    [
      'layers',
      `${result.layers}, hidden ${result.hiddenSize}, ${result.heads} heads over ${result.keyValueHeads} key/value heads`,
    ],
    ['linear modules', `${result.linearModules}`],
    ['vocabulary', `${result.vocabularySize}`],
    ['positions', `${result.maxPositions}`],
    [
      'stored as',
      Object.entries(result.storedAs)
        .map(([type, count]) => `${type} (${count} tensors)`)
        .join(', '),
    ],
    ['chat template', result.chatTemplate],
  ];
  if (adapter !== null) {
    lines.push([
      'adapter',
      `${model.adapter}, rank ${adapter.rank.join(', ')}, ${adapter.modules.length} modules, ${result.trainedParameters} parameters`,
    ]);
  }
  lines.push(['hash', model.hash]);
  process.stdout.write(`${model.label}\n${lines.map(([name, text]) => `  ${name.padEnd(14)}  ${text}\n`).join('')}`);
}

/** `61,344`, `134.52 M`, `1.24 B`. */
function countOf(parameters: number): string {
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(2)} B`;
  return parameters >= 1e6 ? `${(parameters / 1e6).toFixed(2)} M` : parameters.toLocaleString('en-US');
}

function printFile({ file, schema, rows, tokens, problems }: InspectedFile): void {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const mapping = schema === null ? 'not recognised' : `${schema.name} (${schema.family}), ${schema.source}`;
  process.stdout.write(`${file}\n  rows            ${rows}\n  schema          ${mapping}\n`);
  if (tokens !== null) {
    process.stdout.write(
      `  tokens          ${tokens.tokens}, of which trained ${tokens.trainedTokens}; longest row ${tokens.longestRow}\n`,
    );
  }
  process.stdout.write(`  problems        ${errors} errors, ${problems.length - errors} warnings\n`);
}
