import { internalError } from '../protocol/errors';
import type { EngineReply, LogLevel } from '../protocol/jobs';
import type { ComputeSettings } from '../protocol/requests';
import { type ChosenDevice, chooseDevice } from '../runtime/chooseDevice';
import type { SessionCache } from '../runtime/sessionCache';
import { checkMemory, type MemoryEstimate } from './checkMemory';
import { deviceVerdict } from './deviceVerdicts';
import { readMachineMemory } from './machineMemory';
import { anonymousBytes } from './memorySampler';
import { createProgressMeter, type ProgressStep } from './progressMeter';
import type { Residents } from './residents';

/** What a job may do besides computing. */
export interface JobContext {
  /** Reports how far the job is; rate and time left are added. Frequent calls are fine: few are sent. */
  progress(step: ProgressStep): void;
  /** Sends plain data at once: a streamed token, scored rows. */
  event(event: unknown): void;
  log(level: LogLevel, text: string): void;
  /**
   * Says what the job will hold at its peak, before it takes it. The peak is measured; both are in the outcome.
   *
   * @throws UserError `memory-too-small` where the machine has not that much
   */
  announceMemory(estimate: MemoryEstimate): void;
  /** The device for this job, chosen once; it becomes part of the outcome. Throws where it is refused. */
  device(compute: ComputeSettings): Promise<ChosenDevice>;
  /** Sessions alive, here and after the job. */
  readonly sessions: SessionCache;
  /** Loaded models and other things worth keeping for the next job. */
  readonly residents: Residents;
}

/** What the job did with its context, for the outcome. */
export interface JobRecord {
  readonly device: ChosenDevice | undefined;
  readonly estimatedBytes: number | undefined;
}

export interface JobContextParts {
  readonly id: number;
  readonly send: (reply: EngineReply) => void;
  readonly sessions: SessionCache;
  readonly residents: Residents;
}

/** The context of one job, and a way to read afterwards what it did. */
export function createJobContext({ id, send, sessions, residents }: JobContextParts): {
  readonly context: JobContext;
  readonly record: () => JobRecord;
} {
  const meter = createProgressMeter(
    () => performance.now(),
    (progress) => send({ type: 'progress', id, progress }),
  );
  let chosen: Promise<ChosenDevice> | undefined;
  let device: ChosenDevice | undefined;
  let estimatedBytes: number | undefined;

  const context: JobContext = {
    progress: meter,
    event: (event) => send({ type: 'event', id, event }),
    log: (level, text) => send({ type: 'log', id, level, text: text.slice(0, 65_536) }),
    announceMemory: (estimate) => {
      if (!(estimate.bytes >= 0)) throw internalError(`an estimate of ${estimate.bytes} bytes`);
      estimatedBytes = checkMemory(estimate, anonymousBytes(), readMachineMemory('/', process.platform));
    },
    device: (compute) => {
      chosen ??= chooseDevice(compute.device, (name) => deviceVerdict(name, compute, sessions)).then((found) => {
        device = found;
        return found;
      });
      return chosen;
    },
    sessions,
    residents,
  };
  return { context, record: () => ({ device, estimatedBytes }) };
}
