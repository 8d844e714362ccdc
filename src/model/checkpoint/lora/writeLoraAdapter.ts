/** Writes a PEFT adapter folder: adapter_config.json and adapter_model.safetensors as peft would, so that peft loads it. */
import path from 'node:path';
import {
  float32Tensor,
  pyTorchMetadata,
  type TensorToWrite,
  writeSafetensors,
} from '../../../data/safetensors/writeSafetensors';
import { makeFolder, writeTextAtomically } from '../../../data/writeFile';
import type { JsonObject } from '../../../protocol/json';
import type { HostTensor, LoraAdapter } from '../types';
import { peftPrefix } from './readLoraAdapter';

/** What a new adapter's config has to say; everything else is peft's neutral value. */
export interface NewLoraConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targetModules: readonly string[];
  readonly baseModelNameOrPath: string;
  /** `conv1d` for GPT-2, whose matrices lie [in, out]. */
  readonly baseLayout: 'linear' | 'conv1d';
}

/** The `adapter_config.json` of a new adapter. Keys are those that every peft since 0.5 knows. */
export function newLoraConfig(settings: NewLoraConfig): JsonObject {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: settings.baseModelNameOrPath,
    bias: 'none',
    fan_in_fan_out: settings.baseLayout === 'conv1d',
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: settings.rank,
    rank_pattern: {},
    revision: null,
    target_modules: [...settings.targetModules],
    task_type: 'CAUSAL_LM',
  };
}

/** The weights appear before the config, so that a folder with a config is complete. Values are written as float32. */
export async function writeLoraAdapter(
  folder: string,
  adapter: Pick<LoraAdapter, 'config' | 'modules' | 'replaced' | 'savedNames'>,
): Promise<void> {
  makeFolder(folder);
  const tensors: TensorToWrite[] = [];
  const add = (name: string, { shape, data }: HostTensor) => {
    tensors.push(float32Tensor(adapter.savedNames.get(name) ?? peftPrefix + name, shape, data));
  };
  for (const [module, { a, b }] of adapter.modules) {
    add(`${module}.lora_A.weight`, a);
    add(`${module}.lora_B.weight`, b);
  }
  for (const [name, tensor] of adapter.replaced) add(name, tensor);
  await writeSafetensors(path.join(folder, 'adapter_model.safetensors'), tensors, pyTorchMetadata);
  await writeTextAtomically(path.join(folder, 'adapter_config.json'), `${JSON.stringify(adapter.config, null, 2)}\n`);
}
