import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from '../data/writeFile';
import { UserError } from '../protocol/errors';
import type { ComputeSettings, DeviceName } from '../protocol/requests';
import { type DeviceVerdict, parityTolerance } from '../runtime/chooseDevice';
import { measureParity, type ParityCase } from '../runtime/measureParity';
import { libraryVersion } from '../runtime/onnxruntime';
import type { SessionCache } from '../runtime/sessionCache';
import { measureMatMul } from './measureMatMul';
import { parityCase } from './parityCase';

/** Size of the product that devices are ranked by, and the seconds it is measured. */
const rankingSize = 1024;
const rankingSeconds = 0.3;

/** Milliseconds for which agreement is believed without measuring again. A refusal is always measured again. */
const validFor = 7 * 24 * 3600 * 1000;
const largestFile = 1024 * 1024;

const measured = new Map<string, Promise<DeviceVerdict>>();

/**
 * Whether a device agrees with the CPU on this machine, and how fast it is. Measured once a process; agreement is kept
 * in the user's cache folder for a week, by device, library version, system and graph.
 */
export function deviceVerdict(
  device: DeviceName,
  compute: ComputeSettings,
  sessions: SessionCache,
): Promise<DeviceVerdict> {
  const key = `${device} ${compute.threads ?? 'all'} threads`;
  const known = measured.get(key) ?? recallOrMeasure(key, device, compute, sessions);
  measured.set(key, known);
  known.catch(() => measured.delete(key));
  return known;
}

async function recallOrMeasure(
  name: string,
  device: DeviceName,
  compute: ComputeSettings,
  sessions: SessionCache,
): Promise<DeviceVerdict> {
  const subject = parityCase();
  const key = await verdictKey(name, subject);
  const file = path.join(compute.cacheFolder, 'devices.json');
  const recalled = recall(await readEntries(file), key, device);
  if (recalled !== undefined) return recalled;
  // A measurement beside a loaded model would be of what that leaves.
  await sessions.releaseAll();
  const verdict = await measureDevice(device, subject, compute, rankingSize, rankingSeconds, () => undefined);
  if (verdict.state === 'usable') await remember(file, key, verdict);
  return verdict;
}

/** Measures a device afresh: agreement, then speed. A device that fails or disagrees is refused with the reason. */
export async function measureDevice(
  device: DeviceName,
  subject: ParityCase,
  compute: Pick<ComputeSettings, 'threads'>,
  size: number,
  seconds: number,
  onRun: (done: number, total: number) => void,
): Promise<DeviceVerdict> {
  const refused = (code: string, reason: string): DeviceVerdict => ({ device, state: 'refused', code, reason });
  try {
    const parity = device === 'cpu' ? { error: 0, output: '' } : await measureParity(device, subject);
    if (!(parity.error <= parityTolerance)) {
      const difference = Number.isFinite(parity.error) ? parity.error.toExponential(1) : 'not finite';
      return refused(
        'device-disagrees',
        `its gradients differ from the cpu's: ${difference} in "${parity.output}", ${parityTolerance} is allowed`,
      );
    }
    const threads = threadsOf(compute);
    const gflops = await measureMatMul({ device, threads, size, seconds }, onRun);
    return { device, state: 'usable', parity: parity.error, gflops };
  } catch (error) {
    if (error instanceof UserError)
      return refused(
        error.code,
        error.message.replace(/^The device \w+ does not work on this machine: /, '').replace(/\.$/, ''),
      );
    throw error;
  }
}

/** Threads of one operator: as asked for, else one for each core that this process may use. */
export function threadsOf({ threads }: Pick<ComputeSettings, 'threads'>): number {
  return threads ?? os.availableParallelism();
}

async function verdictKey(name: string, { graph }: ParityCase): Promise<string> {
  const parts = [
    name,
    await libraryVersion(),
    `${process.platform}-${process.arch}`,
    os.release(),
    os.cpus()[0]?.model ?? '',
    process.env.VK_ICD_FILENAMES ?? '',
    createHash('sha256').update(graph.bytes).digest('hex').slice(0, 16),
  ];
  return parts.join(' | ');
}

type Entries = Readonly<Record<string, unknown>>;

async function readEntries(file: string): Promise<Entries> {
  try {
    if ((await stat(file)).size > largestFile) return {};
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Entries) : {};
  } catch (error) {
    // No cache yet, or one that cannot be read: everything is measured again.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return {};
    throw error;
  }
}

function recall(entries: Entries, key: string, device: DeviceName): DeviceVerdict | undefined {
  const entry = entries[key];
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { parity, gflops, measuredAt } = entry as Entries;
  if (typeof parity !== 'number' || typeof gflops !== 'number' || typeof measuredAt !== 'number') return undefined;
  const age = Date.now() - measuredAt;
  if (!(parity >= 0 && parity <= parityTolerance && gflops > 0 && age >= 0 && age < validFor)) return undefined;
  return { device, state: 'usable', parity, gflops };
}

async function remember(
  file: string,
  key: string,
  { parity, gflops }: Extract<DeviceVerdict, { state: 'usable' }>,
): Promise<void> {
  const now = Date.now();
  const entries = Object.entries(await readEntries(file)).filter(([, entry]) => {
    const measuredAt = (entry as Entries | null)?.measuredAt;
    return typeof measuredAt === 'number' && now - measuredAt < validFor;
  });
  const text = JSON.stringify({ ...Object.fromEntries(entries), [key]: { parity, gflops, measuredAt: now } }, null, 2);
  try {
    makeFolder(path.dirname(file));
    // Renaming is atomic: a reader sees the old or the new file. Two writers lose one entry, which is measured again.
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, `${text}\n`);
    await rename(temporary, file);
  } catch (error) {
    // A cache folder that cannot be written costs a measurement at the next start, nothing else.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
