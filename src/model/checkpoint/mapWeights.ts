/**
 * Gives every tensor of a checkpoint as float32 in a file that a session can map: where it lies if it is float32
 * already, else in a cache that is filled once and shared by all processes. The checkpoint itself is never changed.
 */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { readSafetensorsHeader } from '../../data/safetensors/safetensorsHeader';
import { pyTorchMetadata, type TensorToWrite, writeSafetensors } from '../../data/safetensors/writeSafetensors';
import { makeFolder, writeTextAtomically } from '../../data/writeFile';
import { UserError } from '../../protocol/errors';
import { cacheKey } from './cacheKey';
import { readStoredTensor } from './readStoredTensor';
import { requireFinite } from './readTensor';
import { shapeOf } from './requireTensors';
import type { Checkpoint, MappedWeights, StoredTensor, TensorLocation } from './types';

/** Raised when the converted bytes would differ for the same input. */
const converterVersion = 'whence-weights/1';

export interface MapProgress {
  readonly tensor: string;
  /** Tensors read so far, this one included, and in all. */
  readonly done: number;
  readonly total: number;
}

type Float32Location = TensorLocation & { readonly dtype: 'F32' };

/**
 * Converts what is not float32 yet, tensor by tensor (memory: the largest one), and refuses NaN and infinite weights. Both
 * happen once for given files; later calls read headers only. Several processes may do it at once: files appear whole.
 */
export async function mapWeights(
  checkpoint: Checkpoint,
  cacheFolder: string,
  onProgress: (progress: MapProgress) => void,
): Promise<MappedWeights> {
  const folder = path.join(cacheFolder, cacheKey(converterVersion, checkpoint.sourceFiles));
  const converted = path.join(folder, 'weights.safetensors');
  const checkedMark = path.join(folder, 'checked');
  const originals = new Map<string, Float32Location>();
  const others: [string, StoredTensor][] = [];
  for (const [name, tensor] of checkpoint.tensors) {
    const original = float32Location(tensor);
    if (original === undefined) others.push([name, tensor]);
    else originals.set(name, original);
  }

  const known = await readConverted(converted, others);
  if (known !== undefined && existsSync(checkedMark)) return new Map([...originals, ...known]);

  makeFolder(folder);
  const total = checkpoint.tensors.size;
  let done = 0;
  const readChecked = async (name: string, tensor: StoredTensor) => {
    // Lets progress out and a cancellation in between two tensors.
    await new Promise((resolve) => setImmediate(resolve));
    const values = await readStoredTensor(tensor);
    requireFinite(fileOf(tensor), name, values);
    done += 1;
    onProgress({ tensor: name, done, total });
    return values;
  };
  for (const [name, tensor] of checkpoint.tensors) if (originals.has(name)) await readChecked(name, tensor);
  if (others.length > 0) {
    const toWrite = others.map(
      ([name, tensor]): TensorToWrite => ({
        name,
        dtype: 'F32',
        shape: shapeOf(tensor),
        read: () => readChecked(name, tensor),
      }),
    );
    await writeSafetensors(converted, toWrite, pyTorchMetadata);
  }
  await writeTextAtomically(checkedMark, `${converterVersion}\n`);
  const written = await readConverted(converted, others);
  if (written === undefined) throw new Error(`internal: ${converted} was written and cannot be read back`);
  return new Map([...originals, ...written]);
}

function fileOf(tensor: StoredTensor): string {
  return tensor.kind === 'plain' ? tensor.location.file : tensor.file;
}

/** Where the tensor lies as float32 already. GGUF rows that have to be put back in place do not. */
function float32Location(tensor: StoredTensor): Float32Location | undefined {
  if (tensor.kind === 'plain') {
    return tensor.location.dtype === 'F32' ? { ...tensor.location, dtype: 'F32' } : undefined;
  }
  if (tensor.type !== 'F32' || tensor.layout.kind !== 'asIs') return undefined;
  const { name, shape, file, offset, byteLength } = tensor;
  return { name, dtype: 'F32', shape, file, offset, byteLength };
}

/** The converted tensors from an earlier run; undefined where there are none or they are not the expected ones. */
async function readConverted(
  file: string,
  wanted: readonly (readonly [string, StoredTensor])[],
): Promise<Map<string, Float32Location> | undefined> {
  if (wanted.length === 0) return new Map();
  if (!existsSync(file)) return undefined;
  const stored = await readSafetensorsHeader(file).catch((error: unknown) => {
    // A damaged cache file is made again.
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (stored === undefined || stored.tensors.size !== wanted.length) return undefined;
  const real = realpathSync(file);
  const locations = new Map<string, Float32Location>();
  for (const [name, tensor] of wanted) {
    const location = stored.tensors.get(name);
    if (location?.dtype !== 'F32' || location.shape.join() !== shapeOf(tensor).join()) return undefined;
    locations.set(name, { ...location, dtype: 'F32', file: real });
  }
  return locations;
}
