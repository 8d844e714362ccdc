import { existsSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { makeFolder, writeAtomically } from '../../../data/writeFile';
import { inputError, UserError } from '../../../protocol/errors';
import type { TrainingState } from '../runSteps';
import type { ParameterValues, Trainable } from '../trainable';
import { contentHash, type FileIdentity, type RecordTensor, readTensorFile, writeTensorFile } from './tensorFile';

/**
 * `checkpoints/`: states of a run between two steps, from which it goes on to the same bits. A state file holds
 *   `parameter:NAME`, `STATE:NAME`   F32, trained values and the optimiser's state
 *   `losses`, `gradient_norms`       F64 [steps done]
 * `manifest.json` names the complete ones with their hashes; what it does not name, or what does not match, is ignored.
 */
export const checkpointsFolderName = 'checkpoints';
const manifestName = 'manifest.json';

export type StateIdentity = FileIdentity & { readonly step: number };

const manifestShape = z.array(
  z.object({
    step: z
      .int()
      .min(1)
      .max(2 ** 31),
    file: z.string().regex(/^step-\d{6,10}\.safetensors$/),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
);

function fileOf(step: number): string {
  return `step-${String(step).padStart(6, '0')}.safetensors`;
}

/** A checkpoint about every sqrt(steps) steps. */
export function checkpointInterval(totalSteps: number): number {
  return Math.max(1, Math.round(Math.sqrt(totalSteps)));
}

function valueTensors(values: ParameterValues, { shapes }: Trainable): RecordTensor[] {
  return [...values].map(([name, data]) => ({ name: `parameter:${name}`, shape: shapes.get(name)!, data }));
}

/** SHA-256 over the trained values. */
export function hashValues(values: ParameterValues, trainable: Trainable): string {
  return contentHash(valueTensors(values, trainable));
}

export function writeInitial(folder: string, values: ParameterValues, trainable: Trainable): Promise<FileIdentity> {
  makeFolder(folder);
  return writeTensorFile(folder, fileOf(0), valueTensors(values, trainable));
}

/** @throws UserError `record-damaged` */
export async function readInitial(
  folder: string,
  identity: FileIdentity,
): Promise<{ readonly values: ParameterValues; readonly shapes: ReadonlyMap<string, readonly number[]> }> {
  const tensors = await readTensorFile(folder, identity);
  const values = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  for (const [key, { shape, data }] of tensors) {
    if (!key.startsWith('parameter:') || !(data instanceof Float32Array)) continue;
    const name = key.slice('parameter:'.length);
    values.set(name, data);
    shapes.set(name, shape);
  }
  return { values, shapes };
}

/** Complete checkpoints, oldest first; none where the manifest is absent or unusable. */
export function listCheckpoints(folder: string): readonly StateIdentity[] {
  const file = path.join(folder, manifestName);
  if (!existsSync(file)) return [];
  try {
    return manifestShape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    // A damaged manifest costs the steps done, never the run.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return [];
    throw error;
  }
}

/**
 * Writes the state, then names it in the manifest, then drops the older ones where only the last is kept. Killed at any
 * moment in between, the manifest names complete files.
 */
export async function writeCheckpoint(
  folder: string,
  state: TrainingState,
  trainable: Trainable,
  stateNames: readonly string[],
  keep: 'all' | 'last',
): Promise<void> {
  const tensors = valueTensors(state.values, trainable);
  for (const [name, moments] of state.moments) {
    const shape = trainable.shapes.get(name)!;
    for (const [index, data] of moments.entries()) tensors.push({ name: `${stateNames[index]}:${name}`, shape, data });
  }
  for (const [name, values] of [
    ['losses', state.losses],
    ['gradient_norms', state.gradientNorms],
  ] as const)
    tensors.push({ name, shape: [values.length], data: Float64Array.from(values) });
  const identity = { step: state.step, ...(await writeTensorFile(folder, fileOf(state.step), tensors)) };
  const older = listCheckpoints(folder).filter(({ step }) => step < state.step);
  const manifest = keep === 'all' ? [...older, identity] : [identity];
  await writeAtomically(path.join(folder, manifestName), (descriptor) =>
    writeSync(descriptor, `${JSON.stringify(manifest, null, 1)}\n`),
  );
  if (keep === 'last') for (const { file } of older) rmSync(path.join(folder, file), { force: true });
}

/** Brings `state` (at step 0) to the newest checkpoint that is whole; it stays as it is where there is none. */
export async function resume(folder: string, state: TrainingState, stateNames: readonly string[]): Promise<void> {
  for (const identity of listCheckpoints(folder).toReversed()) {
    const tensors = await readTensorFile(folder, identity).catch((error: unknown) => {
      // Torn or missing: an older one will do.
      if (error instanceof UserError) return undefined;
      throw error;
    });
    if (tensors === undefined || !fits(tensors, state, stateNames, identity.step)) continue;
    fill(tensors, state, stateNames, identity.step);
    return;
  }
}

/**
 * Brings `state` to a checkpoint of a finished run.
 *
 * @param folder the run's `checkpoints/`
 * @throws UserError `record-damaged`
 */
export async function readCheckpoint(
  folder: string,
  identity: StateIdentity,
  state: TrainingState,
  stateNames: readonly string[],
): Promise<void> {
  const tensors = await readTensorFile(folder, identity);
  if (!fits(tensors, state, stateNames, identity.step))
    throw inputError(
      'record-damaged',
      `${path.join(folder, identity.file)} is not the state of this run after step ${identity.step}.`,
      'Restore the folder from a copy, or train again.',
    );
  fill(tensors, state, stateNames, identity.step);
}

function fill(
  tensors: ReadonlyMap<string, RecordTensor>,
  state: TrainingState,
  stateNames: readonly string[],
  step: number,
): void {
  for (const [name, values] of state.values) {
    values.set(tensors.get(`parameter:${name}`)!.data);
    for (const [index, data] of state.moments.get(name)!.entries())
      data.set(tensors.get(`${stateNames[index]}:${name}`)!.data);
  }
  for (const [list, name] of [
    [state.losses, 'losses'],
    [state.gradientNorms, 'gradient_norms'],
  ] as const) {
    list.length = 0;
    for (const value of tensors.get(name)!.data) list.push(value);
  }
  state.step = step;
}

function fits(
  tensors: ReadonlyMap<string, RecordTensor>,
  state: TrainingState,
  stateNames: readonly string[],
  step: number,
): boolean {
  const has = (name: string, length: number): boolean => tensors.get(name)?.data.length === length;
  return (
    has('losses', step) &&
    has('gradient_norms', step) &&
    [...state.values].every(([name, { length }]) =>
      ['parameter', ...stateNames].every((kind) => has(`${kind}:${name}`, length)),
    )
  );
}
