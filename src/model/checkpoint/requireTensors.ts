/** Checks that a checkpoint holds what its architecture needs, all of it and nothing else. */
import { inputError } from '../../protocol/errors';
import type { Checkpoint, StoredTensor } from './types';

const shownNames = 5;

function list(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(', ');
  return names.length > shownNames ? `${shown} and ${names.length - shownNames} more` : shown;
}

export function shapeOf(tensor: StoredTensor): readonly number[] {
  return tensor.kind === 'plain' ? tensor.location.shape : tensor.shape;
}

/**
 * `expected` maps parameter names to shapes. Throws a UserError that names missing tensors, wrong shapes and tensors that
 * belong to no part of the model: none is filled in at random, none is ignored.
 */
export function requireTensors(checkpoint: Checkpoint, expected: ReadonlyMap<string, readonly number[]>): void {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [name, shape] of expected) {
    const tensor = checkpoint.tensors.get(name);
    if (tensor === undefined) missing.push(name);
    else if (shapeOf(tensor).join() !== shape.join()) {
      wrong.push(`${name} is [${shapeOf(tensor).join(', ')}] instead of [${shape.join(', ')}]`);
    }
  }
  const extra = [...checkpoint.tensors.keys()].filter((name) => !expected.has(name));
  if (missing.length > 0) throw refusal(checkpoint, 'checkpoint-missing-tensors', `lacks ${list(missing)}`);
  if (wrong.length > 0) throw refusal(checkpoint, 'checkpoint-wrong-shapes', `does not fit its config: ${list(wrong)}`);
  if (extra.length > 0) {
    throw refusal(
      checkpoint,
      'checkpoint-extra-tensors',
      `holds tensors that its config has no place for: ${list(extra)}`,
    );
  }
}

function refusal(checkpoint: Checkpoint, code: string, problem: string): Error {
  return inputError(
    code,
    `${checkpoint.path} ${problem}.`,
    'Check that config.json belongs to these weights and that all files were fetched.',
  );
}
