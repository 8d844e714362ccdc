/** Which base parameters an adapter replaces whole: modules saved beside LoRA, trained biases, and embeddings that peft saves unasked. */
import type { BaseModel } from './baseModules';
import type { LoraConfig } from './loraConfig';
import type { TargetModule } from './targetModules';

/** A parameter that the adapter file must or may hold, and the names it may have there (the first is what peft writes now). */
export interface ReplacedParameter {
  readonly parameter: string;
  readonly names: readonly string[];
  readonly presence: 'required' | 'optional';
  /** `module`: a module of its own beside the base's; `inPlace`: the base's own parameter, tied or not, is overwritten. */
  readonly effect: 'module' | 'inPlace';
}

export function findReplaced(
  config: LoraConfig,
  base: BaseModel,
  targets: ReadonlyMap<string, TargetModule>,
): readonly ReplacedParameter[] {
  const found = new Map<string, ReplacedParameter>();
  for (const parameter of base.parameters.keys()) {
    const entry = savedWhole(config, base, parameter) ?? trainedBias(config, base, targets, parameter);
    if (entry !== undefined) found.set(parameter, entry);
  }
  for (const parameter of unaskedEmbeddings(base)) {
    if (!found.has(parameter)) found.set(parameter, embeddingEntry(base, parameter));
  }
  return [...found.values()];
}

/** modules_to_save names the ends of module paths; everything below such a module is saved. */
function savedWhole(config: LoraConfig, base: BaseModel, parameter: string): ReplacedParameter | undefined {
  const parts = base.adapterName(parameter).split('.').slice(0, -1);
  const isSaved = parts.some((_, index) => {
    const ancestor = parts.slice(0, index + 1).join('.');
    return config.modulesToSave.some((key) => key.length > 0 && ancestor.endsWith(key));
  });
  if (!isSaved) return undefined;
  return { parameter, names: [base.adapterName(parameter)], presence: 'required', effect: 'module' };
}

function trainedBias(
  config: LoraConfig,
  base: BaseModel,
  targets: ReadonlyMap<string, TargetModule>,
  parameter: string,
): ReplacedParameter | undefined {
  if (config.bias === 'none' || !parameter.endsWith('.bias')) return undefined;
  const module = parameter.slice(0, -'.bias'.length);
  const targeted = targets.has(module);
  if (config.bias === 'lora_only' && !targeted) return undefined;
  const plain = base.adapterName(parameter);
  const wrapped = `${base.adapterName(module)}.base_layer.bias`;
  const names = targeted ? [wrapped, plain] : [plain];
  return { parameter, names, presence: 'required', effect: 'inPlace' };
}

/** peft also saves embeddings and the head where the vocabulary was resized or one of them is adapted. */
function unaskedEmbeddings(base: BaseModel): string[] {
  return [...base.modules.values()]
    .filter(({ kind, module }) => kind === 'outputHead' || (kind === 'embedding' && !module.endsWith('wpe')))
    .map(({ module }) => `${module}.weight`);
}

function embeddingEntry(base: BaseModel, parameter: string): ReplacedParameter {
  const plain = base.adapterName(parameter);
  const wrapped = plain.replace(/\.weight$/, '.base_layer.weight');
  return { parameter, names: [wrapped, plain], presence: 'optional', effect: 'inPlace' };
}
