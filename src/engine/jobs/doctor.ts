import os from 'node:os';
import type { DeviceMeasured, DeviceReport, DoctorRequest, DoctorResult } from '../../protocol/doctor';
import { UserError } from '../../protocol/errors';
import { type DeviceName, deviceNames } from '../../protocol/requests';
import type { DeviceVerdict } from '../../runtime/chooseDevice';
import { isInBuild } from '../../runtime/devices';
import { libraryVersion, listBackends } from '../../runtime/onnxruntime';
import { checkComputeSettings, checkNumber, checkRecord } from '../checkRequest';
import { measureDevice, threadsOf } from '../deviceVerdicts';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { readMachineMemory } from '../machineMemory';
import { matMulBytes } from '../measureMatMul';
import { parityCase } from '../parityCase';

/** Measures every device of this build, and what the one asked for leads to. */
export const doctor: Job<DoctorRequest, DoctorResult> = {
  check: (request) => {
    const fields = checkRecord(request, 'request');
    return {
      kind: 'doctor',
      compute: checkComputeSettings(fields.compute),
      matrixSize: checkNumber(fields.matrixSize, 'matrixSize', { least: 64, most: 65_536, whole: 'yes' }),
      secondsPerDevice: checkNumber(fields.secondsPerDevice, 'secondsPerDevice', {
        least: 0,
        most: 600,
        whole: 'no',
      }),
    };
  },
  run: measureMachine,
};

async function measureMachine(request: DoctorRequest, context: JobContext): Promise<DoctorResult> {
  const { matrixSize, compute } = request;
  const memory = readMachineMemory('/', process.platform);
  context.announceMemory({
    bytes: matMulBytes(matrixSize),
    alternatives: [4096, 2048, 1024, 512].map((size) => ({
      setting: `a matrix size of ${size}`,
      bytes: matMulBytes(size),
    })),
  });
  await context.sessions.releaseAll();
  const devices: DeviceReport[] = [];
  for (const device of deviceNames) {
    const report = await measureOne(device, request, context);
    devices.push(report);
    context.event({ kind: 'deviceMeasured', report } satisfies DeviceMeasured);
  }
  return {
    devices,
    chosen: await context.device(compute).catch(refusal),
    memory,
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    threads: threadsOf(compute),
    versions: { node: process.versions.node, onnxruntime: await libraryVersion() },
  };
}

async function measureOne(device: DeviceName, request: DoctorRequest, context: JobContext): Promise<DeviceReport> {
  const { matrixSize, secondsPerDevice, compute } = request;
  if (isInBuild(device, await listBackends()) === 'absent') {
    return { device, state: 'absent', reason: `not part of this build for ${process.platform}-${process.arch}` };
  }
  const stage = `measuring ${device}`;
  context.progress({ stage, done: 0, total: 4, unit: 'runs' });
  const verdict: DeviceVerdict = await measureDevice(
    device,
    parityCase(),
    compute,
    matrixSize,
    secondsPerDevice,
    (done, total) => context.progress({ stage, done, total, unit: 'runs' }),
  );
  return verdict.state === 'usable' ? verdict : { device, state: 'refused', reason: verdict.reason };
}

/** A refused choice is a finding here, not a failure. */
function refusal(error: unknown): DoctorResult['chosen'] {
  if (error instanceof UserError) return { device: null, reason: `${error.message} ${error.next}` };
  throw error;
}
