import path from 'node:path';
import { mapWeights } from '../../src/model/checkpoint/mapWeights';
import { openCheckpoint } from '../../src/model/checkpoint/openCheckpoint';
import type { Checkpoint, MappedWeights } from '../../src/model/checkpoint/types';
import type { ModelConfig } from '../../src/model/modelConfig';
import { parseModelConfig } from '../../src/model/parseModelConfig';

/** A model folder of the benchmark: configuration, and its weights where they lie. */
export interface OpenWeights {
  readonly checkpoint: Checkpoint;
  readonly config: ModelConfig;
  readonly weights: MappedWeights;
}

export async function openWeights(modelFolder: string): Promise<OpenWeights> {
  const checkpoint = await openCheckpoint(modelFolder);
  const config = parseModelConfig(checkpoint.config, modelFolder);
  const weights = await mapWeights(checkpoint, path.join('.cache', 'bench', 'weights'), () => undefined);
  return { checkpoint, config, weights };
}
