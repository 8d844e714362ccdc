import { probeMetrics, probeSettings } from '../../jobs/probeRecord';
import { resolveData } from '../../jobs/resolveSources';
import { resolveRows } from '../../jobs/resolveSubject';
import { inputError } from '../../protocol/errors';
import type {
  ConceptTaskRequest,
  LabelTaskRequest,
  ProbedRow,
  ProbeRequest,
  ProjectedRow,
} from '../../protocol/probing';
import { type CommandContext, openCommandContext } from '../commandContext';
import type { ProbeFlags } from '../commands/probe';
import { showCost } from '../predictedCost';
import { recordRowsLineage } from '../recordLineage';
import { runJob } from '../runJob';
import { describeRun, printJson, printProblems, refuseOverwriting, requireOutput } from '../writeOutput';
import { type TableColumn, tableEndings, writeTable } from '../writeTable';
import { formatProbe } from './probeReport';

/** Probes a model and prints layers, then the rows that fit their label least or lie furthest along the direction. */
export async function runProbe(flags: ProbeFlags): Promise<void> {
  requireOutput(flags.out, tableEndings);
  const context = await openCommandContext(flags);
  const task = taskOf(flags, context);
  const subject = resolveRows(flags, context);
  const read = task.kind === 'label' ? subject.data : [...subject.data, ...task.positive, ...task.negative];
  refuseOverwriting(flags.out, read);
  const request: ProbeRequest = {
    kind: 'probe',
    ...subject,
    maxLength: flags.maxLength ?? null,
    batchSize: flags.batchSize ?? null,
    seed: flags.seed,
    positions: flags.position ?? [task.kind === 'label' ? 'last' : 'answer'],
    layers: flags.layers ?? null,
    task,
  };
  const { result, device, seconds, memory } = await runJob(request, flags, (event, display) =>
    showCost(event, flags, display),
  );
  const settings = probeSettings(request);
  const { probe, ...common } = result;
  const document = { schema: 'whence.probe/1', device: device?.device, seconds, memory, settings, ...common, ...probe };
  await recordRowsLineage({ ...request, data: read }, settings, probeMetrics(result));
  if (flags.out !== undefined)
    await (probe.kind === 'label'
      ? writeTable(flags.out, labelColumns, probe.rows, document)
      : writeTable(flags.out, conceptColumns, probe.rows, document));
  if (flags.json) {
    printJson(document);
    return;
  }
  process.stdout.write(formatProbe(result, flags.rows));
  if (flags.quiet) return;
  printProblems(result.problems, result.warnings);
  process.stderr.write(`${describeRun(device, seconds, memory)}\n`);
}

function taskOf(flags: ProbeFlags, context: CommandContext): LabelTaskRequest | ConceptTaskRequest {
  const { label, positive, negative } = flags;
  if (label !== undefined && (positive !== undefined || negative !== undefined))
    throw inputError(
      'probe-twice',
      '--label asks for probes of a label, --positive and --negative for a direction.',
      'Give one of the two.',
    );
  if (label !== undefined)
    return {
      kind: 'label',
      label,
      only: flags.only ?? [],
      fewestRows: flags.fewestRows,
      folds: flags.folds,
      groupBy: flags.group ?? [],
      control: flags.control,
      baselines: flags.baselines,
    };
  if (positive !== undefined && negative !== undefined)
    return { kind: 'concept', positive: resolveData(positive, context), negative: resolveData(negative, context) };
  throw inputError(
    'probe-of-what',
    positive === undefined && negative === undefined
      ? 'Nothing says what is to be read.'
      : `--${positive === undefined ? 'positive' : 'negative'} is missing: a direction has two ends.`,
    'Give --label with a field of the rows, or --positive and --negative with two sets of rows.',
  );
}

const labelColumns: readonly TableColumn<ProbedRow>[] = [
  { name: 'file', type: 'STRING', value: ({ file }) => file },
  { name: 'row', type: 'INT32', value: ({ row }) => row },
  { name: 'line', type: 'INT32', value: ({ line }) => line },
  { name: 'hash', type: 'STRING', value: ({ hash }) => hash },
  { name: 'label', type: 'STRING', value: ({ label }) => label },
  { name: 'predicted', type: 'STRING', value: ({ predicted }) => predicted },
  { name: 'probability', type: 'DOUBLE', value: ({ probability }) => probability },
  { name: 'margin', type: 'DOUBLE', value: ({ margin }) => margin },
  { name: 'disagrees', type: 'STRING', value: ({ disagrees }) => `${disagrees}` },
  { name: 'rank', type: 'INT32', value: ({ rank }) => rank },
  { name: 'group', type: 'INT32', value: ({ group }) => group },
  { name: 'fold', type: 'INT32', value: ({ fold }) => fold },
  { name: 'tunedPredicted', type: 'STRING', value: ({ tuned }) => tuned.predicted },
  { name: 'tunedMargin', type: 'DOUBLE', value: ({ tuned }) => tuned.margin },
  { name: 'basePredicted', type: 'STRING', value: ({ base }) => base?.predicted ?? null },
  { name: 'baseMargin', type: 'DOUBLE', value: ({ base }) => base?.margin ?? null },
];

const conceptColumns: readonly TableColumn<ProjectedRow>[] = [
  { name: 'file', type: 'STRING', value: ({ file }) => file },
  { name: 'row', type: 'INT32', value: ({ row }) => row },
  { name: 'line', type: 'INT32', value: ({ line }) => line },
  { name: 'hash', type: 'STRING', value: ({ hash }) => hash },
  { name: 'projection', type: 'DOUBLE', value: ({ projection }) => projection },
  { name: 'rank', type: 'INT32', value: ({ rank }) => rank },
  { name: 'tuned', type: 'DOUBLE', value: ({ tuned }) => tuned },
  { name: 'base', type: 'DOUBLE', value: ({ base }) => base },
];
