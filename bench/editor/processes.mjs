// Processes, as /proc tells of them.
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process, MB. */
export function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/**
 * Memory of a process with every page counted once, MB: weights that several of its sessions map lie in memory once, though
 * the resident set counts them for each. Pages that other processes map too are shared out among them.
 */
export function proportionalMegabytes(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
}

/** Processor time that a process has used, ms: what a busy machine takes from it does not count. */
export function processorMilliseconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  // Linux counts in hundredths of a second.
  return (user + system) * 10;
}

/** Process ids of a process's children whose command holds a text. */
export function childrenOf(pid, text) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return parent === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        // It ended while the list was read.
        return false;
      }
    })
    .map(Number);
}
