import { resolveSubject } from '../../jobs/resolveSubject';
import { traceColumns, traceLines } from '../../jobs/traceTable';
import type { TraceRequest } from '../../protocol/influence';
import { openCommandContext } from '../commandContext';
import type { TraceFlags } from '../commands/trace';
import { showCost } from '../predictedCost';
import { resolveQueries } from '../querySource';
import { recordLineage } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { tableEndings, writeTable } from '../writeTable';
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
  if (flags.out !== undefined) await writeTable(flags.out, traceColumns, traceLines(documents), whole);
  if (flags.json) {
    printJson(whole);
    return;
  }
  for (const document of documents) process.stdout.write(formatTrace(document));
  if (flags.quiet) return;
  printProblems(problems, [...warnings, ...documents.flatMap((document) => document.warnings)]);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}
