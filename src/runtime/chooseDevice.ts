import { UserError } from '../protocol/errors';
import { type DeviceChoice, type DeviceName, deviceNames } from '../protocol/requests';
import { absentDevice, devices, isInBuild } from './devices';
import { listBackends } from './onnxruntime';

/** Largest relative difference from the CPU that a device may show: single precision in another order gives 1e-6. */
export const parityTolerance = 1e-4;

/** What is known of one device on this machine. */
export type DeviceVerdict =
  | {
      readonly device: DeviceName;
      readonly state: 'usable';
      /** Relative difference from the CPU on the parity graph; 0 for the CPU itself. */
      readonly parity: number;
      /** Raw fp32 matrix product, 1e9 operations a second. */
      readonly gflops: number;
    }
  | { readonly device: DeviceName; readonly state: 'refused'; readonly code: string; readonly reason: string };

/** The device in use and why. Part of every result. */
export interface ChosenDevice {
  readonly device: DeviceName;
  /** One sentence for the user. */
  readonly reason: string;
}

/**
 * The device for a job. Asked for by name it is that one or an error, never another. `auto` takes the fastest of those
 * that agree with the CPU, and says what it saw.
 *
 * @param verdict measures a device of this build (or knows it from before)
 * @throws UserError `device-absent`, `device-refused`, or the verdict's own code
 */
export async function chooseDevice(
  choice: DeviceChoice,
  verdict: (device: DeviceName) => Promise<DeviceVerdict>,
): Promise<ChosenDevice> {
  const backends = await listBackends();
  if (choice !== 'auto') {
    if (isInBuild(choice, backends) === 'absent') throw absentDevice(choice, backends);
    return choice === 'cpu' ? { device: 'cpu', reason: 'The cpu was asked for.' } : explicit(await verdict(choice));
  }
  const candidates = deviceNames.filter(
    (device) => device !== 'cpu' && devices[device].choice === 'auto' && isInBuild(device, backends) === 'present',
  );
  const verdicts: DeviceVerdict[] = [];
  for (const device of candidates) verdicts.push(await verdict(device));
  const usable = verdicts.filter((entry) => entry.state === 'usable');
  const refusals = verdicts.flatMap((entry) => (entry.state === 'refused' ? [`${entry.device}: ${entry.reason}`] : []));
  if (usable.length === 0) {
    const why = refusals.length === 0 ? 'this build has no other device' : refusals.join('; ');
    return { device: 'cpu', reason: `auto took the cpu, no other device is usable: ${why}.` };
  }
  const cpu = await verdict('cpu');
  const ranked = (cpu.state === 'usable' ? [...usable, cpu] : usable).sort((a, b) => b.gflops - a.gflops);
  const rates = ranked.map(({ device, gflops }) => `${device} ${gflops.toFixed(0)} GFLOP/s`).join(', ');
  const aside = refusals.length === 0 ? '' : `; not ${refusals.join('; not ')}`;
  return { device: ranked[0]!.device, reason: `auto took the fastest of ${rates}${aside}.` };
}

function explicit(verdict: DeviceVerdict): ChosenDevice {
  if (verdict.state === 'usable') {
    return {
      device: verdict.device,
      reason: `${verdict.device} was asked for; it agrees with the cpu within ${verdict.parity.toExponential(1)}.`,
    };
  }
  throw new UserError({
    kind: 'engineFailed',
    code: verdict.code,
    message: `The device ${verdict.device} is refused: ${verdict.reason}.`,
    next: `${devices[verdict.device].needs} Use another device, for example cpu.`,
  });
}
