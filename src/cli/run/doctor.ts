import type { DeviceMeasured, DeviceReport, DoctorRequest, DoctorResult } from '../../protocol/doctor';
import type { InspectModelResult } from '../../protocol/requests';
import { openCommandContext, resolveModel } from '../commandContext';
import type { DoctorFlags } from '../commands/doctor';
import { formatTable } from '../printTable';
import { runJob } from '../runJob';
import { printJson, requireEnding, writeFileAtomically } from '../writeOutput';

/** Rows and columns of the measured product: large enough for a steady rate, small enough for any laptop. */
const matrixSize = 1024;
const secondsPerDevice = 2;

/** Measures the machine and, with --model, tells what that model would need. */
export async function runDoctor(flags: DoctorFlags): Promise<void> {
  requireEnding(flags.out, ['.json']);
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

/** Bytes that jobs need with a model, by rule of thumb; each job announces its own estimate before it starts. */
export interface ModelNeeds {
  readonly label: string;
  readonly architecture: string;
  readonly parameters: number;
  /** Mapped from files, shared between processes. */
  readonly weightBytes: number;
  /** Parameters, gradients, both moments and a copy of the gradients, in fp32. */
  readonly fullFineTuneBytes: number;
}

async function modelNeeds(flags: DoctorFlags): Promise<ModelNeeds> {
  const context = await openCommandContext(flags);
  const model = resolveModel(flags.model, flags.adapter, context);
  const { result } = await runJob({ kind: 'inspectModel', compute: context.compute, model }, flags, () => undefined);
  return needsOf(result);
}

function needsOf({ model, architecture, parameters }: InspectModelResult): ModelNeeds {
  return {
    label: model.label,
    architecture,
    parameters,
    weightBytes: 4 * parameters,
    fullFineTuneBytes: 5 * 4 * parameters,
  };
}

function printReport(result: DoctorResult, needs: ModelNeeds | undefined): void {
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
  const { label, architecture, parameters, weightBytes, fullFineTuneBytes } = needs;
  process.stdout.write(
    `\n${label}: ${architecture}, ${(parameters / 1e6).toFixed(1)} M parameters\n` +
      `  weights, mapped from disk: ${gigabytes(weightBytes)}\n` +
      `  full fine-tuning, besides activations: ${gigabytes(fullFineTuneBytes)}\n`,
  );
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
