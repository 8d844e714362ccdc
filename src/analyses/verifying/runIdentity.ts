/**
 * verifying/ trains recorded runs again without some of their rows and measures what that changes. Whatever it computes
 * is kept by content, so that a retraining is made once. It knows no estimator: which rows go is the caller's.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../data/hash';
import type { JsonObject } from '../../protocol/json';
import type { RunRecord } from '../training/record/runRecord';

/** Raised when retraining would give other bits than before. */
const retrainingVersion = 1;

/** SHA-256 (hex) of all that decides what a recorded run ends in; names of files and folders play no part. */
export function runIdentity(record: RunRecord): string {
  const { recipe, model, startedFrom, device, shapes, lora, rows, initial, finalValues, steps } = record;
  const content = {
    retrainingVersion,
    // What the recipe names was read when the run was recorded.
    recipe: { ...recipe, model: null, data: [] },
    model: model.hash,
    startedFrom,
    device: { name: device.name, threads: device.threads },
    shapes,
    lora,
    rows: rows.sha256,
    initial: initial?.sha256 ?? null,
    finalValues,
    steps: steps.map(({ lr, rows: numbers }) => ({ lr, rows: numbers })),
  };
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(content)) as JsonObject))
    .digest('hex');
}
