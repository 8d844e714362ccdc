/** What a reader has to know of the machine to place the figures. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** GiB. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  /** Runnable processes over the last minute when the benchmark began: 0 on a machine that does nothing else. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem() / 2 ** 30,
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    loadBefore: loadavg()[0]!,
  };
}
