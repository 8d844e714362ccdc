import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Process ids of the children of a process; none where it is gone. */
export function childrenOf(pid: number): number[] {
  const threads = `/proc/${pid}/task`;
  if (existsSync('/proc/self/task')) {
    try {
      return readdirSync(threads).flatMap((thread) =>
        readFileSync(`${threads}/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
      );
    } catch {
      // It has ended meanwhile.
      return [];
    }
  }
  try {
    return execFileSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } catch {
    // pgrep finds none.
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something holds; `no` when `until` holds first. */
export async function waitFor(holds: () => boolean, until: () => boolean): Promise<'yes' | 'no'> {
  for (;;) {
    if (holds()) return 'yes';
    if (until()) return 'no';
    await sleep(1);
  }
}
