import { inputError, type UserError } from '../protocol/errors';
import { type ComputeSettings, type DeviceChoice, deviceNames } from '../protocol/requests';

type Fields = Readonly<Record<string, unknown>>;

/** Most threads that may be asked for. */
const mostThreads = 1024;

export function checkRecord(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw badRequest(`${name} is no object`);
}

export function checkText(value: unknown, name: string, longest: number): string {
  if (typeof value === 'string' && value.length <= longest) return value;
  throw badRequest(`${name} is no text of at most ${longest} characters`);
}

export interface NumberBounds {
  readonly least: number;
  readonly most: number;
  readonly whole: 'yes' | 'no';
}

export function checkNumber(value: unknown, name: string, { least, most, whole }: NumberBounds): number {
  const fits = typeof value === 'number' && value >= least && value <= most;
  if (fits && (whole === 'no' || Number.isInteger(value))) return value;
  const kind = whole === 'yes' ? 'whole number' : 'number';
  throw badRequest(`${name} is ${show(value)}, not a ${kind} from ${least} to ${most}`);
}

export function checkComputeSettings(value: unknown): ComputeSettings {
  const { device, threads, cacheFolder } = checkRecord(value, 'compute');
  const choices: readonly DeviceChoice[] = ['auto', ...deviceNames];
  const choice = choices.find((name) => name === device);
  if (choice === undefined) {
    throw inputError('device-unknown', `There is no device ${show(device)}.`, `Use one of ${choices.join(', ')}.`);
  }
  return {
    device: choice,
    threads:
      threads === undefined
        ? undefined
        : checkNumber(threads, 'threads', { least: 1, most: mostThreads, whole: 'yes' }),
    cacheFolder: checkText(cacheFolder, 'cacheFolder', 4096),
  };
}

function badRequest(message: string): UserError {
  return inputError('bad-request', `The request is wrong: ${message}.`, 'Correct the setting it names.');
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 60)}"` : typeof value === 'number' ? `${value}` : typeof value;
}
