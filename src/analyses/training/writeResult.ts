import path from 'node:path';
import type { Recipe } from '../../data/recipe';
import { float32Tensor } from '../../data/safetensors/writeSafetensors';
import { writeTextAtomically } from '../../data/writeFile';
import { readGgufTokenizerMetadata } from '../../model/checkpoint/gguf/readGgufTokenizerMetadata';
import { newLoraConfig, writeLoraAdapter } from '../../model/checkpoint/lora/writeLoraAdapter';
import type { HostTensor, LoraAdapter, LoraModule } from '../../model/checkpoint/types';
import { companionFiles, writeCheckpoint } from '../../model/checkpoint/writeCheckpoint';
import { internalError } from '../../protocol/errors';
import { ggufTokenizerFiles } from '../../text/tokenizer/ggufTokenizerFiles';
import { targetedModules } from './initialLora';
import { loraAName, loraBName, type ParameterValues, type Trainable } from './trainable';
import type { TrainingModel } from './trainingModel';

/**
 * Writes what was trained: a PEFT folder for LoRA, a Hugging Face folder for full fine-tuning.
 *
 * @param initialAdapter the adapter that training started from, whose configuration the result keeps; undefined: fresh
 */
export async function writeResult(
  folder: string,
  model: TrainingModel,
  recipe: Recipe,
  trainable: Trainable,
  values: ParameterValues,
  initialAdapter: LoraAdapter | undefined,
): Promise<void> {
  const tensor = (name: string): HostTensor => {
    const data = values.get(name);
    if (data === undefined) throw internalError(`no trained tensor ${name}`);
    return { shape: trainable.shapes.get(name)!, data };
  };
  if (trainable.method === 'full') {
    const tensors = [...trainable.shapes.keys()].map((name) => {
      const { shape, data } = tensor(name);
      return float32Tensor(name, shape, data);
    });
    const { checkpoint } = model;
    const companions = checkpoint.format === 'gguf' ? [] : companionFiles(checkpoint.path);
    await writeCheckpoint(folder, checkpoint.config, tensors, companions);
    if (checkpoint.format === 'gguf') await writeTokenizer(folder, checkpoint.path);
    return;
  }
  const modules = new Map(
    trainable.lora.map(({ module, rank, scaling }): [string, LoraModule] => [
      module,
      { module, rank, scaling, a: tensor(loraAName(module)), b: tensor(loraBName(module)) },
    ]),
  );
  const replaced = new Map(
    [...(initialAdapter?.replaced ?? [])].map(([name, initial]) => [
      name,
      initialAdapter?.carried.has(name) ? initial : tensor(name),
    ]),
  );
  const config = initialAdapter?.config ?? freshConfig(model, recipe);
  await writeLoraAdapter(folder, { config, modules, replaced, savedNames: initialAdapter?.savedNames ?? new Map() });
}

function freshConfig(model: TrainingModel, { lora }: Recipe): LoraAdapter['config'] {
  if (lora === null) throw internalError('a LoRA result without LoRA settings');
  const chosen = targetedModules(model.config, lora.targets);
  const endings = [...new Set(chosen.map(({ module }) => module.split('.').at(-1)!))].sort();
  return newLoraConfig({
    rank: lora.r,
    alpha: lora.alpha,
    dropout: lora.dropout,
    targetModules: lora.targets === 'all-linear' ? endings : lora.targets,
    baseModelNameOrPath: model.reference,
    baseLayout: chosen.some(({ layout }) => layout === 'inOut') ? 'conv1d' : 'linear',
  });
}

/** A GGUF file keeps its tokenizer inside; a folder needs it as files. */
export async function writeTokenizer(folder: string, file: string): Promise<void> {
  const files = ggufTokenizerFiles(await readGgufTokenizerMetadata(file));
  for (const [name, content] of files)
    await writeTextAtomically(path.join(folder, name), `${JSON.stringify(content)}\n`);
}
