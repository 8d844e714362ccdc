import { resolveSubject } from '../../jobs/resolveSubject';
import type { TraceDocument, TracedQuery, TracedRow, TraceRequest } from '../../protocol/influence';
import { openCommandContext } from '../commandContext';
import type { TraceFlags } from '../commands/trace';
import { showCost } from '../predictedCost';
import { resolveQueries } from '../querySource';
import { recordLineage } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';
import { formatTrace } from './traceReport';

/** Traces behaviours and prints findings, the gate first. */
export async function runTrace(flags: TraceFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const subject = resolveSubject(flags, context);
  refuseOverwriting(flags.out, subject.data);
  const request: TraceRequest = {
    kind: 'trace',
    ...subject,
    queries: await resolveQueries(flags, context),
    methods: flags.method,
    rows: flags.rows,
    damping: flags.damping,
    layer: flags.layer ?? null,
    tokenRows: flags.tokens,
    controls: flags.controls,
    rank: flags.always ? 'always' : 'whenBaseDoesNot',
  };
  const { result, device, seconds, memory } = await runJob(request, flags, (event, display) =>
    showCost(event, flags, display),
  );
  const { model, documents, problems, warnings } = result;
  const common = { device: device?.device, model, problems, memory };
  const wholes = documents.map((document) => ({
    schema: 'whence.trace/1',
    ...common,
    ...document,
    warnings: [...warnings, ...document.warnings],
    seconds: documents.length === 1 ? seconds : document.seconds,
  }));
  const whole = wholes.length === 1 ? wholes[0] : { schema: 'whence.trace/1', ...common, seconds, results: wholes };
  await recordLineage(request, {
    seconds,
    queries: documents[0]?.queries.length ?? 0,
    verdicts: documents[0]?.queries.map(({ verdict }) => verdict) ?? [],
  });
  if (flags.out !== undefined) await writeTable(flags.out, columns, linesOf(documents), whole);
  if (flags.json) {
    printJson(whole);
    return;
  }
  for (const document of documents) process.stdout.write(formatTrace(document));
  if (flags.quiet) return;
  printProblems(problems, [...warnings, ...documents.flatMap((document) => document.warnings)]);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

interface Line {
  readonly method: string;
  readonly query: TracedQuery;
  readonly row: TracedRow;
}

function linesOf(documents: readonly TraceDocument[]): Line[] {
  return documents.flatMap(({ method, queries }) =>
    queries.flatMap((query) => query.rows.map((row) => ({ method, query, row }))),
  );
}

const columns: readonly TableColumn<Line>[] = [
  { name: 'method', type: 'STRING', value: ({ method }) => method },
  { name: 'query', type: 'STRING', value: ({ query }) => query.id },
  { name: 'file', type: 'STRING', value: ({ row }) => row.file },
  { name: 'row', type: 'INT32', value: ({ row }) => row.row },
  { name: 'line', type: 'INT32', value: ({ row }) => row.line },
  { name: 'hash', type: 'STRING', value: ({ row }) => row.hash },
  { name: 'score', type: 'DOUBLE', value: ({ row }) => row.score },
  { name: 'rank', type: 'INT32', value: ({ row }) => row.rank },
  { name: 'aboveNull', type: 'STRING', value: ({ row }) => `${row.aboveNull}` },
  { name: 'kind', type: 'DOUBLE', value: ({ row }) => row.kind?.score ?? null },
  { name: 'kindRank', type: 'INT32', value: ({ row }) => row.kind?.rank ?? null },
  { name: 'bm25Rank', type: 'INT32', value: ({ row }) => row.bm25Rank },
  { name: 'selfInfluence', type: 'DOUBLE', value: ({ row }) => row.selfInfluence },
  { name: 'group', type: 'INT32', value: ({ row }) => row.group },
  { name: 'status', type: 'STRING', value: ({ row }) => row.status },
];
