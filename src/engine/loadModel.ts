import os from 'node:os';
import type { RowContext } from '../analyses/rows/loadRows';
import { hashCheckpoint } from '../model/checkpoint/hashCheckpoint';
import { mapWeights } from '../model/checkpoint/mapWeights';
import type { MappedWeights } from '../model/checkpoint/types';
import { type LanguageModel, modelKey, openLanguageModel } from '../model/openLanguageModel';
import type { ComputeSettings, ModelIdentity, ModelSource } from '../protocol/requests';
import type { JobContext } from './jobContext';
import { nothingToRelease } from './residents';

/** A model ready to compute with. */
export interface LoadedModel {
  readonly model: LanguageModel;
  readonly weights: MappedWeights;
}

/** The model's headers, adapter and tokenizer; kept for the next job until its files change. */
export function openModel(source: ModelSource, context: JobContext): Promise<LanguageModel> {
  return context.residents.get({
    kind: 'model',
    key: `${source.label} ${modelKey(source)}`,
    make: () =>
      openLanguageModel(source, {
        workingFolder: process.cwd(),
        environment: process.env,
        homeFolder: os.homedir(),
        now: () => new Date(),
      }),
    release: nothingToRelease,
  });
}

/** As `openModel`, with every weight as float32 in a file that sessions map (converted once, in the cache folder). */
export async function loadModel(
  source: ModelSource,
  compute: ComputeSettings,
  context: JobContext,
): Promise<LoadedModel> {
  const model = await openModel(source, context);
  const weights = await context.residents.get({
    kind: 'weights',
    key: `${compute.cacheFolder} ${model.key}`,
    make: () =>
      mapWeights(model.checkpoint, compute.cacheFolder, ({ done, total }) =>
        context.progress({ stage: `reading ${source.label}`, done, total, unit: 'tensors' }),
      ),
    release: nothingToRelease,
  });
  return { model, weights };
}

/** What results say of the model behind them. */
export async function identify(model: LanguageModel, compute: ComputeSettings): Promise<ModelIdentity> {
  return {
    label: model.label,
    path: model.checkpoint.path,
    adapter: model.adapter?.folder,
    hash: await hashCheckpoint(model.checkpoint, compute.cacheFolder),
  };
}

/** What encoding rows for the model needs; rows are cut where the model has no more positions, if it has an end. */
export function rowContext({ text, config }: LanguageModel, maxLength: number): RowContext {
  const { vocabularySize, lengthLimit } = config;
  return { ...text, maxLength: Math.min(maxLength, lengthLimit ?? maxLength), vocabularySize };
}
