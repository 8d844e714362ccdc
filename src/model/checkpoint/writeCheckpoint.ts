/** Writes a Hugging Face model folder that transformers loads: config.json, model.safetensors and the companion files. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readExactly, withFile } from '../../data/fileAccess';
import { pyTorchMetadata, type TensorToWrite, writeSafetensors } from '../../data/safetensors/writeSafetensors';
import { makeFolder, writeAtomically, writeFully, writeTextAtomically } from '../../data/writeFile';
import type { JsonObject } from '../../protocol/json';
import { embeddingNames, isTied } from './canonicalNames';

/** Tokenizer and generation files that belong to a model and are copied with it. */
const companionNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'generation_config.json',
] as const;

/** Those of them that a model folder has, as paths; none for a GGUF file, which keeps its tokenizer inside. */
export function companionFiles(folder: string): readonly string[] {
  return companionNames.map((name) => path.join(folder, name)).filter((file) => existsSync(file));
}

/**
 * `tensors` under canonical names, in float32 (the config is made to say so). A head that the config ties to the embedding
 * is not stored. config.json comes last: a folder that has one is complete.
 */
export async function writeCheckpoint(
  folder: string,
  config: JsonObject,
  tensors: readonly TensorToWrite[],
  filesToCopy: readonly string[],
): Promise<void> {
  makeFolder(folder);
  const { output } = embeddingNames(String(config.model_type));
  const stored = tensors.filter(({ name }) => name !== output || !isTied(config));
  await writeSafetensors(path.join(folder, 'model.safetensors'), stored, pyTorchMetadata);
  for (const file of filesToCopy) await copyWhole(file, path.join(folder, path.basename(file)));
  await writeTextAtomically(path.join(folder, 'config.json'), configText(withFloat32(config)));
}

/** Fields that transformers accepts as a Python float only, where JSON from here would make 30.0 an integer. */
const floatFields = [
  'attn_logit_softcapping',
  'final_logit_softcapping',
  'initializer_range',
  'layer_norm_eps',
  'layer_norm_epsilon',
  'rms_norm_eps',
];

function configText(config: JsonObject): string {
  const whole = new RegExp(`^(\\s*"(?:${floatFields.join('|')})": -?\\d+)(,?)$`, 'gm');
  return `${JSON.stringify(config, null, 2).replace(whole, '$1.0$2')}\n`;
}

/** Newer transformers load in the type that the config names (`dtype`, earlier `torch_dtype`). */
function withFloat32(config: JsonObject): JsonObject {
  const key = 'torch_dtype' in config && !('dtype' in config) ? 'torch_dtype' : 'dtype';
  const others = Object.entries(config).filter(([name]) => name !== 'dtype' && name !== 'torch_dtype');
  return { ...Object.fromEntries(others), [key]: 'float32' };
}

async function copyWhole(source: string, target: string): Promise<void> {
  if (path.resolve(source) === path.resolve(target)) return;
  const bytes = withFile(source, (open) => {
    const content = new Uint8Array(open.size);
    readExactly(open, content, 0);
    return content;
  });
  await writeAtomically(target, (descriptor) => writeFully(descriptor, bytes));
}
