import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readExactly, withFile } from '../data/fileAccess';
import { hashFile } from '../data/hash';
import { type PruningRecord, prunedValuesName, pruningRecordName, readPruningRecord } from '../data/pruningRecord';
import { readSafetensorsHeader } from '../data/safetensors/safetensorsHeader';
import type { TensorLocation } from '../data/safetensors/types';
import { float32Tensor, pyTorchMetadata, writeSafetensors } from '../data/safetensors/writeSafetensors';
import { makeFolder, writeTextAtomically } from '../data/writeFile';
import { inputError } from '../protocol/errors';
import { storeFolderOf } from '../store/storeFolder';
import { recordInStore } from './recordLineage';
import type { WorkspaceContext } from './resolveSources';

const adapterFile = 'adapter_model.safetensors';
const configFile = 'adapter_config.json';

/** What taking a pruning back came to. */
export interface Undone {
  readonly deleted: readonly string[];
  /** Files in the folder that apply did not write. */
  readonly kept: readonly string[];
  readonly writtenBack: string | null;
}

/**
 * Takes a pruning back. Deletes only files that apply wrote and nobody changed since, and only while the original is there
 * unchanged; or writes the adapter's values as they were into a new folder and deletes nothing.
 *
 * @param folder absolute, what apply wrote; `label` as the lineage names it
 * @param out new folder for the values; null: what apply wrote is deleted
 * @throws UserError where anything is not as apply left it
 */
export async function undoPruning(
  { folder, label }: { readonly folder: string; readonly label: string },
  out: string | null,
  context: WorkspaceContext,
  warn: (text: string) => void,
): Promise<Undone & { readonly original: string }> {
  const record = readPruningRecord(folder);
  await requireUnchanged(folder, record);
  const outcome = out === null ? await remove(folder, record, context) : await restore(folder, record, out);
  if (context.workspace !== undefined)
    await recordInStore(
      storeFolderOf(context.workspace.folder),
      'prune undo',
      [],
      { applied: label, out, mask: record.mask },
      { deleted: outcome.deleted.length },
      warn,
    );
  return { ...outcome, original: record.from.path };
}

/** Missing files were deleted by an undo that was stopped. */
async function requireUnchanged(folder: string, { files }: PruningRecord): Promise<void> {
  for (const { name, sha256 } of files) {
    const file = path.join(folder, name);
    if (!existsSync(file) || (await hashFile(file)) === sha256) continue;
    throw inputError(
      'pruned-changed',
      `${file} is not as apply wrote it; nothing is deleted.`,
      'Move your changes elsewhere, or delete the folder yourself.',
    );
  }
}

async function remove(folder: string, record: PruningRecord, context: WorkspaceContext): Promise<Undone> {
  for (const { name, sha256 } of record.from.files) {
    if (existsSync(name) && (await hashFile(name)) === sha256) continue;
    throw inputError(
      'original-missing',
      `The original ${name} is not there as it was; nothing is deleted.`,
      record.form === 'adapter'
        ? 'Write it back from the record with --out and a new folder.'
        : 'Put the original back first, or delete the folder yourself.',
    );
  }
  refuseStillNamed(folder, record, context);
  // The config goes first, so that what is left of a killed undo is no model; the record last, so that it can go on.
  const configs = ['adapter_config.json', 'config.json'];
  const names = record.files.map(({ name }) => name).filter((name) => name !== pruningRecordName);
  const ordered = [
    ...names.filter((name) => configs.includes(name)),
    ...names.filter((name) => !configs.includes(name)),
    pruningRecordName,
  ];
  for (const name of ordered) rmSync(path.join(folder, name), { force: true });
  const kept = readdirSync(folder);
  if (kept.length === 0) rmdirSync(folder);
  return { deleted: ordered, kept, writtenBack: null };
}

function refuseStillNamed(folder: string, { from }: PruningRecord, { workspace }: WorkspaceContext): void {
  for (const [name, model] of workspace?.models ?? []) {
    const key = model.adapter === folder ? 'adapter' : model.path === folder ? 'path' : undefined;
    if (key === undefined) continue;
    throw inputError(
      'still-named',
      `whence.json names ${folder} as ${key} of the model ${name}; nothing is deleted.`,
      `Put "${key}": ${JSON.stringify(path.relative(workspace!.folder, from.path) || from.path)} there first.`,
    );
  }
}

/** Pruned entries are zero and the others as they were: putting the taken values back gives the original, bit for bit. */
async function restore(folder: string, record: PruningRecord, out: string): Promise<Undone> {
  if (record.form !== 'adapter')
    throw inputError(
      'restore-adapters-only',
      'Only an adapter can be written back from its record.',
      'Leave out --out: the original model is as it was.',
    );
  if (existsSync(out))
    throw inputError(
      'out-exists',
      `${out} is there already; nothing is written over.`,
      'Name a new folder with --out.',
    );
  const pruned = await readSafetensorsHeader(path.join(folder, adapterFile));
  const taken = await readSafetensorsHeader(path.join(folder, prunedValuesName));
  const tensors = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  for (const [name, location] of pruned.tensors)
    tensors.set(name, { shape: location.shape, data: readFloats(location) });
  for (const name of taken.tensors.keys()) {
    if (!name.endsWith('.indices')) continue;
    const matrix = name.slice(0, -'.indices'.length);
    const target = [...tensors].find(([saved]) => saved.endsWith(`${matrix}.weight`))?.[1];
    const values = taken.tensors.get(`${matrix}.values`);
    if (target === undefined || values === undefined) throw unusable(folder, `${matrix} is not in both files`);
    putBack(target.data, readIntegers(taken.tensors.get(name)!), readFloats(values), folder);
  }
  if (hashOf(tensors) !== record.valuesHash) throw unusable(folder, 'its values do not add up to the original');
  const partial = `${out}.whence-undo-partial`;
  rmSync(partial, { recursive: true, force: true });
  makeFolder(partial);
  await writeSafetensors(
    path.join(partial, adapterFile),
    [...tensors].map(([name, { shape, data }]) => float32Tensor(name, shape, data)),
    pyTorchMetadata,
  );
  await writeTextAtomically(path.join(partial, configFile), readFileSync(path.join(folder, configFile), 'utf8'));
  renameSync(partial, out);
  return { deleted: [], kept: [], writtenBack: out };
}

function putBack(into: Float32Array, indices: Int32Array, values: Float32Array, folder: string): void {
  if (indices.length !== values.length) throw unusable(folder, 'its lists differ in length');
  for (const [n, i] of indices.entries()) {
    if (!(i >= 0 && i < into.length)) throw unusable(folder, `entry ${i} lies outside its matrix`);
    into[i] = values[n]!;
  }
}

function unusable(folder: string, why: string) {
  return inputError(
    'pruning-record-damaged',
    `${path.join(folder, prunedValuesName)} cannot be used: ${why}.`,
    'Use the original adapter.',
  );
}

function readFloats(location: TensorLocation): Float32Array {
  if (location.dtype !== 'F32') throw unusable(path.dirname(location.file), `${location.name} is ${location.dtype}`);
  return new Float32Array(bytesOf(location).buffer);
}

function readIntegers(location: TensorLocation): Int32Array {
  if (location.dtype !== 'I32') throw unusable(path.dirname(location.file), `${location.name} is ${location.dtype}`);
  return new Int32Array(bytesOf(location).buffer);
}

function bytesOf({ file, offset, byteLength }: TensorLocation): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  withFile(file, (open) => readExactly(open, bytes, offset));
  return bytes;
}

/** As `valuesHash` of the record is made. */
function hashOf(tensors: ReadonlyMap<string, { readonly data: Float32Array }>): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of [...tensors].sort(([x], [y]) => (x < y ? -1 : 1))) {
    hash.update(`${name}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
