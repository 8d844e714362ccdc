/**
 * Reads a PEFT LoRA adapter against the parameters of its base. Where peft would only warn about tensors that are missing
 * or belong nowhere, this refuses: an adapter that is applied in part is another model.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { configLimits, readJsonObject } from '../../../data/boundedJson';
import { namesIn, statusOf } from '../../../data/fileAccess';
import { readSafetensorsHeader } from '../../../data/safetensors/safetensorsHeader';
import { inputError } from '../../../protocol/errors';
import { readTensorFloat32, requireFinite } from '../readTensor';
import type { HostTensor, LoraAdapter, LoraModule, TensorLocation } from '../types';
import { type BaseModel, describeBase } from './baseModules';
import { parseLoraConfig } from './loraConfig';
import { findReplaced, type ReplacedParameter } from './replacedParameters';
import { resolveTargets, type TargetModule } from './targetModules';

/** What peft puts before every name. */
export const peftPrefix = 'base_model.model.';
const weightsName = 'adapter_model.safetensors';

/** `baseParameters`: canonical parameter names of the base -> shapes (a tied head left out). Values come as float32. */
export async function readLoraAdapter(
  folder: string,
  baseParameters: ReadonlyMap<string, readonly number[]>,
): Promise<LoraAdapter> {
  const resolved = path.resolve(folder);
  requireFiles(resolved);
  const configFile = path.join(resolved, 'adapter_config.json');
  const weightsFile = path.join(resolved, weightsName);
  const rawConfig = readJsonObject(configFile, configLimits);
  const config = parseLoraConfig(configFile, rawConfig);
  const header = await readSafetensorsHeader(weightsFile);
  const file = new AdapterFile(weightsFile, header.tensors);
  file.refuseUnsupported();
  const base = describeBase(baseParameters, [...header.tensors.keys()]);
  const targets = resolveTargets(configFile, config, base.modules, file.adaptedModules());

  const modules = new Map<string, LoraModule>();
  for (const [module, target] of targets) modules.set(module, await readModule(file, module, target));
  const replaced = new Map<string, HostTensor>();
  const carried = new Set<string>();
  for (const entry of findReplaced(config, base, targets)) {
    const values = await readReplaced(file, base, entry);
    if (values === undefined) continue;
    replaced.set(placeOf(entry, base), values);
    if (entry.presence === 'optional') carried.add(placeOf(entry, base));
  }
  file.refuseUnread();
  return {
    folder: resolved,
    config: rawConfig,
    baseModelNameOrPath: config.baseModelNameOrPath,
    modules,
    replaced,
    carried,
    tiedHead: tiedHeadOf(base, replaced, config.modulesToSave),
    savedNames: file.savedNames,
  };
}

function requireFiles(folder: string): void {
  const isFolder = statusOf(folder)?.isDirectory() ?? false;
  if (!isFolder || !existsSync(path.join(folder, 'adapter_config.json'))) {
    throw inputError(
      'adapter-missing',
      `${folder} is no PEFT adapter: it holds no adapter_config.json.`,
      'Name the folder that peft saved the adapter to.',
    );
  }
  if (existsSync(path.join(folder, weightsName))) return;
  if (namesIn(folder).some((name) => /^adapter_model\.(bin|pt|pth)$/.test(name))) {
    throw inputError(
      'adapter-pickled',
      `${folder} holds its weights as a pickle (adapter_model.bin), which is a program and is never opened here.`,
      'Save it as safetensors: load it with peft and call save_pretrained(FOLDER, safe_serialization=True).',
    );
  }
  throw inputError('adapter-no-weights', `${folder} holds no ${weightsName}.`, 'Fetch that file too.');
}

/** The adapter's tensors, each to be read once. */
class AdapterFile {
  readonly savedNames = new Map<string, string>();
  private readonly unread: Set<string>;

  constructor(
    readonly file: string,
    private readonly tensors: ReadonlyMap<string, TensorLocation>,
  ) {
    this.unread = new Set(tensors.keys());
  }

  refuseUnsupported(): void {
    const name = [...this.tensors.keys()].find((key) => /\.lora_(?:magnitude_vector|embedding_[AB])/.test(key));
    if (name === undefined) return;
    const what = name.includes('magnitude') ? 'DoRA' : 'LoRA on an embedding';
    throw inputError(
      'adapter-feature-unsupported',
      `${this.file} uses ${what} ("${name}"), which is not supported.`,
      'Merge the adapter into its base with peft (merge_and_unload) and open the result.',
    );
  }

  /** Paths of the modules that have LoRA tensors. */
  adaptedModules(): ReadonlySet<string> {
    const suffix = '.lora_A.weight';
    return new Set(
      [...this.tensors.keys()]
        .filter((name) => name.startsWith(peftPrefix) && name.endsWith(suffix))
        .map((name) => name.slice(peftPrefix.length, -suffix.length)),
    );
  }

  /** The tensor under the first of these names that is there. */
  async take(memoryName: string, names: readonly string[], shape: readonly number[]): Promise<HostTensor | undefined> {
    const name = names.map((candidate) => peftPrefix + candidate).find((candidate) => this.tensors.has(candidate));
    if (name === undefined) return undefined;
    const location = this.tensors.get(name)!;
    if (location.shape.join() !== shape.join()) throw this.wrongShape(name, location.shape, shape);
    this.unread.delete(name);
    this.savedNames.set(memoryName, name);
    const data = await readTensorFloat32(location);
    requireFinite(this.file, name, data);
    return { shape, data };
  }

  private wrongShape(name: string, found: readonly number[], wanted: readonly number[]): Error {
    const resized = /(?:embed_tokens|lm_head|wte|embed_in|embed_out)\./.test(name);
    return inputError(
      'adapter-wrong-shape',
      `${this.file}: "${name}" is [${found.join(', ')}] where the base and the config make it [${wanted.join(', ')}].`,
      resized
        ? 'The vocabulary was resized before training: name the base with the resized embedding.'
        : 'Name the base model and the config that the adapter was trained with.',
    );
  }

  async require(memoryName: string, names: readonly string[], shape: readonly number[]): Promise<HostTensor> {
    const tensor = await this.take(memoryName, names, shape);
    if (tensor !== undefined) return tensor;
    throw inputError(
      'adapter-missing-tensor',
      `${this.file} lacks "${peftPrefix}${names[0]}", which its config says was trained.`,
      'Save the adapter again, or name the base model that it was trained on.',
    );
  }

  refuseUnread(): void {
    if (this.unread.size === 0) return;
    const names = [...this.unread];
    const shown = names
      .slice(0, 3)
      .map((name) => `"${name}"`)
      .join(', ');
    throw inputError(
      'adapter-unmatched-tensor',
      `${this.file} holds ${names.length} tensor${names.length === 1 ? '' : 's'} that match nothing its config names in the base model: ${shown}.`,
      'Name the base model that the adapter was trained on.',
    );
  }
}

async function readModule(
  file: AdapterFile,
  module: string,
  { base, rank, scaling }: TargetModule,
): Promise<LoraModule> {
  if (base.kind === 'embedding') {
    throw inputError(
      'adapter-feature-unsupported',
      `${file.file}: the adapter targets the embedding ${module}, which is not supported.`,
      'Merge the adapter into its base with peft (merge_and_unload) and open the result.',
    );
  }
  const names = (part: string) => [`${base.adapterPath}.${part}`];
  const a = await file.require(`${module}.lora_A.weight`, names('lora_A.weight'), [rank, base.inputs]);
  const b = await file.require(`${module}.lora_B.weight`, names('lora_B.weight'), [base.outputs, rank]);
  return { module, rank, scaling, a, b };
}

async function readReplaced(
  file: AdapterFile,
  base: BaseModel,
  entry: ReplacedParameter,
): Promise<HostTensor | undefined> {
  const { parameter, names, presence } = entry;
  const shape = base.parameters.get(parameter)!;
  const place = placeOf(entry, base);
  return presence === 'required' ? file.require(place, names, shape) : file.take(place, names, shape);
}

/** A tied head overwritten in place is the embedding. */
function placeOf(entry: ReplacedParameter, base: BaseModel): string {
  if (entry.effect === 'inPlace' && entry.parameter === base.tied?.output) return base.tied.input;
  return entry.parameter;
}

function tiedHeadOf(
  base: BaseModel,
  replaced: ReadonlyMap<string, HostTensor>,
  modulesToSave: readonly string[],
): LoraAdapter['tiedHead'] {
  if (base.tied === undefined) return 'asInBase';
  if (replaced.has(base.tied.output)) return 'replaced';
  const module = base.tied.input.slice(0, -'.weight'.length);
  const ownModule = modulesToSave.some((key) => key.length > 0 && module.endsWith(key));
  return replaced.has(base.tied.input) && ownModule ? 'keepsBaseEmbedding' : 'asInBase';
}
