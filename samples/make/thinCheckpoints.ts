import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Keeps `count` of a finished run's checkpoints, evenly spread, so that the sample stays small. The starting point and
 * every step's record stay: a replay starts from the nearest earlier state and gets the same bits.
 */
export function thinCheckpoints(run: string, count: number): void {
  const manifestFile = path.join(run, 'checkpoints', 'manifest.json');
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as { readonly step: number; readonly file: string }[];
  const kept = new Set(
    Array.from(
      { length: count },
      (_, index) => manifest[Math.round(((index + 1) * manifest.length) / (count + 1)) - 1],
    ),
  );
  for (const entry of manifest) if (!kept.has(entry)) rmSync(path.join(run, 'checkpoints', entry.file));
  const thinned = manifest.filter((entry) => kept.has(entry));
  writeFileSync(manifestFile, `${JSON.stringify(thinned, null, 1)}\n`);
  const recordFile = path.join(run, 'run.json');
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as { readonly checkpoints: { readonly file: string }[] };
  const files = new Set(thinned.map(({ file }) => file));
  const checkpoints = record.checkpoints.filter(({ file }) => files.has(file));
  writeFileSync(recordFile, `${JSON.stringify({ ...record, checkpoints }, null, 1)}\n`);
}
