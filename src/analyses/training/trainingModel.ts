import { readTensorFloat32 } from '../../model/checkpoint/readTensor';
import type { Checkpoint, MappedWeights } from '../../model/checkpoint/types';
import type { ModelConfig } from '../../model/modelConfig';
import { parameterShapes } from '../../model/parameterShapes';
import { internalError } from '../../protocol/errors';
import type { ParameterValues, Trainable } from './trainable';

/** The base model of a run. */
export interface TrainingModel {
  readonly checkpoint: Checkpoint;
  readonly config: ModelConfig;
  readonly weights: MappedWeights;
  /** SHA-256 over configuration and weights. */
  readonly hash: string;
  /** What a written adapter calls its base: a path or a hub name. */
  readonly reference: string;
}

/** Every parameter of the model, without values. */
export function trainableModel(config: ModelConfig): Trainable {
  return { method: 'full', lora: [], shapes: parameterShapes(config) };
}

/** The values of every parameter, read into memory. */
export async function readModelValues({
  config,
  weights,
}: Pick<TrainingModel, 'config' | 'weights'>): Promise<ParameterValues> {
  const values = new Map<string, Float32Array>();
  for (const name of parameterShapes(config).keys()) {
    const location = weights.get(name);
    if (location === undefined) throw internalError(`the model has no parameter ${name}`);
    values.set(name, await readTensorFloat32(location));
  }
  return values;
}
