import { resolveModel } from '../../jobs/resolveSources';
import type { DeviceMeasured, DeviceReport, DoctorRequest, DoctorResult } from '../../protocol/doctor';
import type { ModelNeedsRequest, ModelNeedsResult, TaskNeeds } from '../../protocol/requests';
import { openCommandContext } from '../commandContext';
import type { DoctorFlags } from '../commands/doctor';
import { formatTable } from '../printTable';
import { runJob } from '../runJob';
import { printJson, requireOutput, writeFileAtomically } from '../writeOutput';

/** Rows and columns of the measured product: large enough for a steady rate, small enough for any laptop. */
const matrixSize = 1024;
const secondsPerDevice = 2;
/** Rows and tokens of a row that a model's needs are told for. */
const batchSize = 4;
const length = 256;

/** Measures the machine and, with --model, tells what that model would need. */
export async function runDoctor(flags: DoctorFlags): Promise<void> {
  requireOutput(flags.out, ['.json']);
  const context = await openCommandContext(flags);
  const request: DoctorRequest = { kind: 'doctor', compute: context.compute, matrixSize, secondsPerDevice };
  const { result } = await runJob(request, flags, (event, display) => {
    const measured = event as DeviceMeasured;
    if (flags.json || flags.quiet || measured.kind !== 'deviceMeasured') return;
    display.stop();
  });
  const needs = flags.model === undefined && flags.adapter === undefined ? undefined : await modelNeeds(flags);
  const document = { schema: 'whence.doctor/1', ...result, ...(needs === undefined ? {} : { model: needs }) };
  if (flags.out !== undefined) await writeFileAtomically(flags.out, `${JSON.stringify(document, null, 2)}\n`);
  if (flags.json) printJson(document);
  else printReport(result, needs);
}

async function modelNeeds(flags: DoctorFlags): Promise<ModelNeedsResult> {
  const context = await openCommandContext(flags);
  const model = resolveModel(flags.model, flags.adapter, context);
  const request: ModelNeedsRequest = { kind: 'modelNeeds', compute: context.compute, model, batchSize, length };
  return (await runJob(request, flags, () => undefined)).result;
}

function printReport(result: DoctorResult, needs: ModelNeedsResult | undefined): void {
  const { memory } = result;
  process.stdout.write(`${result.processor}, ${result.cores} cores, ${result.threads} threads in use\n`);
  process.stdout.write(
    `memory: ${gigabytes(memory.availableBytes)} free of ${gigabytes(memory.totalBytes)} (limited by the ${memory.limitedBy})\n`,
  );
  process.stdout.write(`node ${result.versions.node}, onnxruntime ${result.versions.onnxruntime}\n\n`);
  process.stdout.write(
    formatTable<DeviceReport>(
      [
        { title: 'device', align: 'left', cell: ({ device }) => device },
        { title: 'state', align: 'left', cell: ({ state }) => state },
        {
          title: 'GFLOP/s',
          align: 'right',
          cell: (report) => (report.state === 'usable' ? report.gflops.toFixed(0) : ''),
        },
        {
          title: 'off the CPU by',
          align: 'right',
          cell: (report) => (report.state === 'usable' ? report.parity.toExponential(1) : ''),
        },
        { title: '', align: 'left', cell: (report) => (report.state === 'usable' ? '' : report.reason) },
      ],
      result.devices,
    ),
  );
  process.stdout.write(`\nin use: ${result.chosen.device ?? 'none'} (${result.chosen.reason})\n`);
  if (needs === undefined) return;
  printNeeds(result, needs);
}

/** Planned memory, and the time the products alone would take at the measured rate. */
function printNeeds(result: DoctorResult, needs: ModelNeedsResult): void {
  const used = result.devices.find(({ device }) => device === result.chosen.device);
  const rate = used?.state === 'usable' ? used.gflops * 1e9 : undefined;
  process.stdout.write(
    `\n${needs.label}: ${needs.architecture}, ${(needs.parameters / 1e6).toFixed(1)} M parameters, ` +
      `${gigabytes(needs.weightBytes)} of weights mapped from disk\n` +
      `with ${needs.batchSize} rows of ${needs.length} tokens:\n`,
  );
  process.stdout.write(
    formatTable<TaskNeeds>(
      [
        { title: 'job', align: 'left', cell: ({ name }) => name },
        { title: 'memory', align: 'right', cell: ({ bytes }) => gigabytes(bytes) },
        { title: 'fits', align: 'left', cell: ({ bytes }) => (bytes <= result.memory.availableBytes ? 'yes' : 'no') },
        {
          title: 'at least',
          align: 'right',
          cell: ({ operations }) => (rate === undefined ? '' : `${(operations / rate).toPrecision(2)} s`),
        },
      ],
      needs.tasks,
    ),
  );
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
