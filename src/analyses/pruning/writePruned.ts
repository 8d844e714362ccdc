import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { hashFile } from '../../data/hash';
import { type HashedFile, prunedValuesName, pruningRecordName, pruningRecordSchema } from '../../data/pruningRecord';
import { float32Tensor, type TensorToWrite, writeSafetensors } from '../../data/safetensors/writeSafetensors';
import { writeTextAtomically } from '../../data/writeFile';
import { peftPrefix } from '../../model/checkpoint/lora/readLoraAdapter';
import { writeLoraAdapter } from '../../model/checkpoint/lora/writeLoraAdapter';
import { readTensorFloat32 } from '../../model/checkpoint/readTensor';
import type { LoraAdapter } from '../../model/checkpoint/types';
import { companionFiles, writeCheckpoint } from '../../model/checkpoint/writeCheckpoint';
import { linearModules } from '../../model/linearModules';
import { parameterShapes } from '../../model/parameterShapes';
import { inputError, internalError } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import type { PruningTarget } from '../../protocol/pruning';
import { version } from '../../protocol/version';
import { claim, type OutputFolder, publish, stateOfOut } from '../training/outputFolder';
import { loraAName, loraBName } from '../training/trainable';
import { writeTokenizer } from '../training/writeResult';
import type { NamedMask } from './maskMaker';
import { countMarked } from './masks';
import { oriented, type PrunedMatrix, type PruningSubject, readTuned } from './matrices';
import { chosenWeights, maskedAdapter } from './states';

export interface PrunedToWrite {
  readonly subject: PruningSubject;
  readonly target: PruningTarget;
  readonly matrices: readonly PrunedMatrix[];
  readonly mask: NamedMask;
  readonly alpha: number;
  readonly tunedHash: string;
  /** What of the proposal the record keeps. */
  readonly proposal: JsonObject;
}

export interface WrittenPruned {
  readonly form: 'adapter' | 'model';
  readonly files: readonly HashedFile[];
  readonly pruned: number;
  readonly entries: number;
}

/** A result of another kind that was stopped leaves its own partial folder, which is not touched. */
function outputOf(out: string): OutputFolder {
  const resolved = path.resolve(out);
  return { out: resolved, partial: `${resolved}.whence-pruning-partial` };
}

/**
 * Writes the pruned adapter (target `adapter`) or the whole pruned model beside the original, with the record from which it
 * can be explained and taken back. The folder appears whole or not at all, and only where there is none.
 *
 * @throws UserError `out-exists`, `write-failed`
 */
export async function writePruned(out: string, pruned: PrunedToWrite): Promise<WrittenPruned> {
  const folder = outputOf(out);
  requireFree(folder);
  claim(folder);
  // What a killed attempt left is of no use: a result is written in seconds.
  for (const name of readdirSync(folder.partial))
    if (name !== 'lock') rmSync(path.join(folder.partial, name), { recursive: true });
  const form = pruned.target === 'adapter' ? 'adapter' : 'model';
  if (form === 'adapter') await writeAdapter(folder, pruned);
  else await writeModel(folder.partial, pruned);
  await writePrunedValues(folder.partial, pruned);
  const names = readdirSync(folder.partial)
    .filter((name) => name !== 'lock')
    .sort();
  const files: HashedFile[] = [];
  for (const name of names) files.push({ name, sha256: await hashFile(path.join(folder.partial, name)) });
  const counts = {
    pruned: pruned.mask.mask.reduce((sum, part) => sum + countMarked(part), 0),
    entries: pruned.matrices.reduce((sum, { values }) => sum + values.length, 0),
  };
  await writeRecord(folder.partial, pruned, form, files, counts);
  // Looked at again: another process may have written there meanwhile.
  requireFree(folder);
  publish(folder);
  return { form, files, ...counts };
}

/** @throws UserError `out-exists` where something stands there */
export function requireFreeFolder(out: string): void {
  requireFree(outputOf(out));
}

function requireFree(folder: OutputFolder): void {
  if (stateOfOut(folder) === 'empty') return;
  throw inputError(
    'out-exists',
    `${folder.out} is there already; nothing is written over.`,
    'Name a new folder with --out.',
  );
}

async function writeAdapter(
  { out, partial }: OutputFolder,
  { subject: { model }, matrices, mask }: PrunedToWrite,
): Promise<void> {
  const { adapter, checkpoint } = model;
  if (adapter === undefined) throw internalError('an adapter was to be written and there is none');
  const config = { ...adapter.config, ...baseReference(adapter, checkpoint.path, out) };
  await writeLoraAdapter(partial, { ...maskedAdapter(adapter, matrices, mask.mask), config });
}

/** A base that is named by a path relative to the adapter keeps being found from where the new one stands. */
function baseReference({ baseModelNameOrPath, folder }: LoraAdapter, base: string, out: string): JsonObject {
  if (baseModelNameOrPath === undefined || path.isAbsolute(baseModelNameOrPath)) return {};
  if (!existsSync(path.resolve(folder, baseModelNameOrPath))) return {};
  return { base_model_name_or_path: path.relative(out, base) };
}

async function writeModel(partial: string, { subject, matrices, mask }: PrunedToWrite): Promise<void> {
  const { model, weights } = subject;
  const { adapter, checkpoint, config } = model;
  const chosen = await chosenWeights(subject, matrices, { kind: 'masked', ...mask });
  const merged = new Map(
    linearModules(config).flatMap((module) =>
      adapter?.modules.has(module.module) ? [[module.weight, module] as const] : [],
    ),
  );
  const tensors = [...parameterShapes(config)].map(([name, shape]): TensorToWrite => {
    const read = async (): Promise<Float32Array> => {
      const module = merged.get(name);
      const location = weights.get(name);
      if (location === undefined) throw internalError(`the model has no parameter ${name}`);
      return (
        chosen.get(name)?.data ??
        adapter?.replaced.get(name)?.data ??
        (module === undefined
          ? readTensorFloat32(location)
          : oriented(await readTuned(subject, module), module, 'outIn'))
      );
    };
    return { name, dtype: 'F32', shape, read };
  });
  await writeCheckpoint(
    partial,
    checkpoint.config,
    tensors,
    checkpoint.format === 'gguf' ? [] : companionFiles(checkpoint.path),
  );
  if (checkpoint.format === 'gguf') await writeTokenizer(partial, checkpoint.path);
}

/** The entries that were set to zero (or back to the base's), so that they can be put back. */
async function writePrunedValues(partial: string, { matrices, mask }: PrunedToWrite): Promise<void> {
  const tensors = matrices.flatMap(({ name, values }, m): TensorToWrite[] => {
    const indices = Int32Array.from({ length: countMarked(mask.mask[m]!) });
    let count = 0;
    for (const [i, bit] of mask.mask[m]!.entries()) if (bit === 1) indices[count++] = i;
    const taken = Float32Array.from(indices, (i) => values[i]!);
    return [
      { name: `${name}.indices`, dtype: 'I32', shape: [count], read: () => indices },
      float32Tensor(`${name}.values`, [count], taken),
    ];
  });
  await writeSafetensors(path.join(partial, prunedValuesName), tensors, { mask: mask.hash });
}

async function writeRecord(
  partial: string,
  { subject: { model }, alpha, mask, tunedHash, proposal }: PrunedToWrite,
  form: 'adapter' | 'model',
  files: readonly HashedFile[],
  counts: Pick<WrittenPruned, 'pruned' | 'entries'>,
): Promise<void> {
  const { adapter, checkpoint, label } = model;
  const originals =
    adapter === undefined
      ? checkpoint.sourceFiles
      : ['adapter_config.json', 'adapter_model.safetensors'].map((name) => path.join(adapter.folder, name));
  const hashed: HashedFile[] = [];
  for (const name of originals) hashed.push({ name, sha256: await hashFile(name) });
  const record = {
    schema: pruningRecordSchema,
    version,
    form,
    alpha,
    mask: mask.hash,
    ...counts,
    from: { label, path: adapter?.folder ?? checkpoint.path, tunedHash, files: hashed },
    files,
    valuesHash: form === 'adapter' && adapter !== undefined ? valuesHash(adapter) : null,
    proposal,
    written: new Date().toISOString(),
  };
  await writeTextAtomically(path.join(partial, pruningRecordName), `${JSON.stringify(record, null, 1)}\n`);
}

/** Over every tensor of an adapter, by the names it is saved under, in float32. */
function valuesHash({ modules, replaced, savedNames }: LoraAdapter): string {
  const tensors = new Map<string, Float32Array>();
  const add = (name: string, data: Float32Array): void => {
    tensors.set(savedNames.get(name) ?? peftPrefix + name, data);
  };
  for (const [module, { a, b }] of modules) {
    add(loraAName(module), a.data);
    add(loraBName(module), b.data);
  }
  for (const [name, { data }] of replaced) add(name, data);
  const hash = createHash('sha256');
  for (const [name, data] of [...tensors].sort(([x], [y]) => (x < y ? -1 : 1))) {
    hash.update(`${name}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
