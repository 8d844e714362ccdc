import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { hostSlug, isAlive } from './writerIdentity';

/** Milliseconds after which a temporary file of a dead process of this machine, or of any process, is nobody's. */
const ownSilence = 60e3;
const anySilence = 24 * 3600e3;

/**
 * Temporary files of writers that were killed, in one folder. Those of other machines are given a day; those of this one a
 * minute, because a container may share the host's name but not its processes.
 */
export function abandonedFiles(folder: string): readonly string[] {
  const writer = new RegExp(`-${hostSlug()}-(\\d+)-[0-9a-f]{8}\\b`);
  return readdirSync(folder).flatMap((name) => {
    if (!name.startsWith('.') || !name.endsWith('.part')) return [];
    const file = path.join(folder, name);
    const status = statSync(file, { throwIfNoEntry: false });
    if (!status?.isFile()) return [];
    const silence = Date.now() - status.mtimeMs;
    const pid = Number(writer.exec(name)?.[1] ?? Number.NaN);
    return silence > anySilence || (silence > ownSilence && pid > 0 && !isAlive(pid)) ? [file] : [];
  });
}
