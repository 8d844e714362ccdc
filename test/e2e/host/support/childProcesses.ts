import { readdirSync, readFileSync } from 'node:fs';

export interface ChildProcess {
  readonly processId: number;
  readonly command: string;
}

/** Every descendant of this process that runs a file under `folder` (Linux only: read from /proc). */
export function childProcessesOf(folder: string): ChildProcess[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        // The name in parentheses may hold anything; the parent is the second field after it.
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return [{ processId: Number(name), parent, command }];
      } catch {
        // It ended while the list was read.
        return [];
      }
    });
  const family = new Set([process.pid]);
  // Parents come before their children only most of the time.
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const { processId, parent } of processes) if (family.has(parent)) family.add(processId);
  }
  return processes
    .filter(({ processId, command }) => family.has(processId) && processId !== process.pid && command.includes(folder))
    .map(({ processId, command }) => ({ processId, command }));
}
