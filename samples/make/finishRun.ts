import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface Entry {
  readonly file: string;
}

function edit(file: string, indent: number, change: (value: Record<string, unknown>) => Record<string, unknown>): void {
  const value = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, `${JSON.stringify(change(value), null, indent)}\n`);
}

/**
 * Makes a fine-tune fit to be committed: names the base model and the data relative to the workspace, and keeps `count`
 * of the run's checkpoints, evenly spread. The starting point and every step's record stay: a replay starts from the
 * nearest earlier state and gets the same bits.
 *
 * @param tuned `models/tuned` of the workspace
 */
export function finishRun(tuned: string, count: number): void {
  edit(path.join(tuned, 'adapter_config.json'), 2, (value) => ({ ...value, base_model_name_or_path: '../base' }));
  const run = path.join(tuned, 'whence-run');
  const manifestFile = path.join(run, 'checkpoints', 'manifest.json');
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as readonly Entry[];
  const places = Array.from({ length: count }, (_, index) =>
    Math.min(manifest.length - 1, Math.round(((index + 1) * manifest.length) / (count + 1)) - 1),
  );
  const kept = manifest.filter((_, index) => places.includes(index));
  for (const entry of manifest) if (!kept.includes(entry)) rmSync(path.join(run, 'checkpoints', entry.file));
  writeFileSync(manifestFile, `${JSON.stringify(kept, null, 1)}\n`);
  const files = new Set(kept.map(({ file }) => file));
  edit(path.join(run, 'run.json'), 1, (record) => ({
    ...record,
    model: { ...(record.model as object), path: 'models/base' },
    data: (record.data as readonly Entry[]).map((entry) => ({ ...entry, file: 'data/train.jsonl' })),
    checkpoints: (record.checkpoints as readonly Entry[]).filter(({ file }) => files.has(file)),
  }));
}
