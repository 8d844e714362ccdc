import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { readSafetensorsHeader } from '../../data/safetensors/safetensorsHeader';
import { float32Tensor, pyTorchMetadata, writeSafetensors } from '../../data/safetensors/writeSafetensors';
import { makeFolder } from '../../data/writeFile';
import { sizeOf } from '../../graph/ir';
import type { MappedWeights } from '../../model/checkpoint/types';
import { initialParameters } from '../../model/initialParameters';
import type { ModelConfig } from '../../model/modelConfig';
import { parameterShapes } from '../../model/parameterShapes';
import { internalError } from '../../protocol/errors';

/** Raised when other weights would be drawn for the same model and seed. */
const version = 'whence-random-weights/1';

/** Models with more parameters have no random twin: it would take as much memory and disk as their weights. */
const mostParameters = 4e8;

/** Whether a random twin of a model is worth its room. */
export function hasRandomTwin(config: ModelConfig): boolean {
  return [...parameterShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0) <= mostParameters;
}

/** Tells random weights of one architecture and seed from others; 64 hex digits. */
export function randomHash(config: ModelConfig, seed: number): string {
  const shapes = [...parameterShapes(config)];
  return createHash('sha256')
    .update(JSON.stringify([version, config, shapes, seed]))
    .digest('hex');
}

/** Weights as training from scratch would begin with, in the user cache: drawn once for an architecture and seed. */
export async function randomWeights(config: ModelConfig, seed: number, cacheFolder: string): Promise<MappedWeights> {
  const folder = path.join(cacheFolder, randomHash(config, seed).slice(0, 32));
  const file = path.join(folder, 'weights.safetensors');
  const shapes = parameterShapes(config);
  if (!existsSync(file)) {
    makeFolder(folder);
    const values = initialParameters(config, seed);
    await writeSafetensors(
      file,
      [...shapes].map(([name, shape]) => float32Tensor(name, shape, values.get(name)!)),
      pyTorchMetadata,
    );
  }
  const { tensors } = await readSafetensorsHeader(realpathSync(file));
  return new Map(
    [...shapes.keys()].map((name) => {
      const location = tensors.get(name);
      if (location?.dtype !== 'F32') throw internalError(`${file} has no ${name} as float32`);
      return [name, { ...location, dtype: 'F32' as const }];
    }),
  );
}
