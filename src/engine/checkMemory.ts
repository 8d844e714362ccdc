import type { MemoryReport } from '../protocol/doctor';
import { UserError } from '../protocol/errors';

/**
 * What a job will hold at its peak, without what every engine holds: workspaces of the sessions alive, their feeds and
 * results, and whatever the job keeps. Weights that are mapped from files do not count.
 */
export interface MemoryEstimate {
  readonly bytes: number;
  /** Settings with which the job would need less, the most welcome first: `--batch-size 2`. */
  readonly alternatives: readonly { readonly setting: string; readonly bytes: number }[];
}

/** Anonymous memory of an engine that has opened one empty session, measured: Node, its heap, onnxruntime. */
export const engineBaselineBytes = 48 * 2 ** 20;

/**
 * Whether the job fits.
 *
 * @param heldBytes what the engine holds already; it is part of the estimate and need not be had again
 * @returns the estimate of the whole engine
 * @throws UserError `memory-too-small`
 */
export function checkMemory(estimate: MemoryEstimate, heldBytes: number, machine: MemoryReport): number {
  const room = machine.availableBytes + heldBytes;
  const total = engineBaselineBytes + estimate.bytes;
  if (total <= room) return total;
  const where = machine.limitedBy === 'machine' ? 'this machine' : 'the control group of this process';
  const fitting = estimate.alternatives.find(({ bytes }) => engineBaselineBytes + bytes <= room);
  throw new UserError({
    kind: 'badInput',
    code: 'memory-too-small',
    message: `The job needs ${formatBytes(total)} of memory; ${where} has ${formatBytes(room)} left of ${formatBytes(machine.totalBytes)}.`,
    next:
      fitting === undefined
        ? 'Close other programs, or run it on a machine with more memory.'
        : `Use ${fitting.setting}: that needs ${formatBytes(engineBaselineBytes + fitting.bytes)}.`,
  });
}

/** `1.4 GB`, `310 MB`, in units of 1000. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes >= 1e11 ? 0 : 1)} GB`;
  return `${Math.ceil(bytes / 1e6)} MB`;
}
