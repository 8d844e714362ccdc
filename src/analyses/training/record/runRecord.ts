import { readFileSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseRecipe, type Recipe } from '../../../data/recipe';
import { writeAtomically } from '../../../data/writeFile';
import { inputError } from '../../../protocol/errors';
import { deviceNames } from '../../../protocol/requests';

/** Folder of the record inside the result. */
export const runFolderName = 'whence-run';
const recordName = 'run.json';
const recordSchema = 'whence.run/1';

/** A record larger than this is no record of ours. */
const maxRecordBytes = 1 << 30;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const wholeNumber = z
  .int()
  .min(0)
  .max(2 ** 40);
const extent = z
  .int()
  .min(1)
  .max(2 ** 31);
const fileIdentity = z.object({ file: z.string().regex(/^[\w.-]{1,200}$/), sha256 });
const finite = z.number();

const recordShape = z.object({
  schema: z.literal(recordSchema),
  /** `running` until the result folder is whole. */
  status: z.enum(['running', 'complete']),
  /** Every default filled in. */
  recipe: z.json(),
  model: z.object({ path: z.string(), hash: sha256 }),
  /** SHA-256 of the adapter that training started from, values and modules; null: a fresh one, or full fine-tuning. */
  startedFrom: sha256.nullable(),
  /** In the order of the files' rows; `sha256` is over the hashes of the file's rows. */
  data: z.array(z.object({ file: z.string(), rows: wholeNumber, sha256 })),
  versions: z.object({ whence: z.string(), node: z.string(), onnxruntime: z.string() }),
  device: z.object({ name: z.enum(deviceNames), threads: extent, processor: z.string() }),
  /** Static shapes of the forward passes: rows, tokens a row, trained tokens. */
  shapes: z.array(z.object({ batch: extent, length: extent, trained: extent })).min(1),
  /** Adapted modules; empty for full fine-tuning. */
  lora: z.array(z.object({ module: z.string(), rank: extent, scaling: finite })),
  trainedParameters: wholeNumber,
  totalSteps: wholeNumber,
  rows: fileIdentity,
  /** Values before the first step, in `checkpoints/`; null: those of the model. */
  initial: fileIdentity.nullable(),
  /** States after a step that are kept in `checkpoints/`. */
  checkpoints: z.array(fileIdentity.extend({ step: extent })),
  /** SHA-256 over the trained values at the end; null while running. */
  finalValues: sha256.nullable(),
  /** Every step; empty while running (checkpoints hold them). */
  steps: z.array(z.object({ step: extent, lr: finite, loss: finite, gradNorm: finite, rows: z.array(wholeNumber) })),
});

export type RunRecord = Omit<z.infer<typeof recordShape>, 'recipe'> & { readonly recipe: Recipe };

export function writeRunRecord(runFolder: string, record: RunRecord): Promise<unknown> {
  return writeAtomically(path.join(runFolder, recordName), (descriptor) =>
    writeSync(descriptor, `${JSON.stringify(record, null, 1)}\n`),
  );
}

/** @throws UserError `record-missing`, `record-damaged` */
export function readRunRecord(runFolder: string): RunRecord {
  const file = path.join(runFolder, recordName);
  const status = statSync(file, { throwIfNoEntry: false });
  if (status === undefined || !status.isFile())
    throw inputError(
      'record-missing',
      `${runFolder} holds no ${recordName}.`,
      `Name the ${runFolderName} folder of a model that whence trained.`,
    );
  const damaged = (what: string, cause?: unknown): Error =>
    inputError('record-damaged', `${file}: ${what}.`, 'Restore the folder from a copy, or train again.', { cause });
  if (status.size > maxRecordBytes) throw damaged(`${status.size} bytes are too many`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw damaged('it is not JSON', cause);
  }
  const result = recordShape.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw damaged(`${issue.path.join('.') || 'it'}: ${issue.message}`);
  }
  return { ...result.data, recipe: parseRecipe(result.data.recipe, file) };
}
