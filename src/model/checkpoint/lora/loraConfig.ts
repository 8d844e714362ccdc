/** Reads `adapter_config.json`: the settings that change what an adapter computes, and a refusal for those not supported. */
import { inputError } from '../../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json';

export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly scaling: 'alphaOverRank' | 'alphaOverRootRank';
  /** Module pattern -> rank / alpha, in the file's order. */
  readonly rankPattern: ReadonlyMap<string, number>;
  readonly alphaPattern: ReadonlyMap<string, number>;
  /** `unstated`: whatever modules the file has tensors for. */
  readonly targets: ModuleSelection | 'all-linear' | 'unstated';
  readonly excluded: ModuleSelection | undefined;
  readonly layersToTransform: readonly number[] | undefined;
  readonly layersPatterns: readonly string[];
  readonly modulesToSave: readonly string[];
  readonly bias: 'none' | 'all' | 'lora_only';
  readonly baseModelNameOrPath: string | undefined;
  readonly revision: string | undefined;
}

/** One regular expression over whole module paths, or the ends of module paths. */
export type ModuleSelection = { readonly pattern: string } | { readonly suffixes: readonly string[] };

/** Settings that change the computation in ways that are not supported: refused unless null, false or empty. */
const unsupported: Readonly<Record<string, string>> = {
  use_dora: 'DoRA',
  use_qalora: 'QA-LoRA',
  use_bdlora: 'block-diagonal LoRA',
  lora_bias: 'biases of the LoRA matrices',
  alora_invocation_tokens: 'activated LoRA',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  layer_replication: 'replicated layers',
  target_parameters: 'LoRA on bare parameters',
  trainable_token_indices: 'single trained token embeddings',
};

/** Initialisations that also change the base weights, which this adapter would need. */
const baseChangingInits = /^(?:pissa|olora|corda|loftq|lora_ga)/i;

/** peft's own defaults for a config that leaves these out. */
const peftRank = 8;
const peftAlpha = 8;
const maximumRank = 65_536;

/** Throws a UserError for a config that is contradictory or asks for what is not supported. `file` is named in errors. */
export function parseLoraConfig(file: string, config: JsonObject): LoraConfig {
  const reader = new ConfigReader(file, config);
  reader.refuseUnsupported();
  return {
    rank: reader.rank(config.r ?? peftRank, 'r'),
    alpha: reader.number(config.lora_alpha ?? peftAlpha, 'lora_alpha'),
    scaling: config.use_rslora === true ? 'alphaOverRootRank' : 'alphaOverRank',
    rankPattern: reader.pattern('rank_pattern', (value, key) => reader.rank(value, key)),
    alphaPattern: reader.pattern('alpha_pattern', (value, key) => reader.number(value, key)),
    targets: reader.targets(),
    excluded: reader.selection('exclude_modules'),
    layersToTransform: reader.layers(),
    layersPatterns: reader.strings('layers_pattern'),
    modulesToSave: reader.strings('modules_to_save'),
    bias: reader.bias(),
    baseModelNameOrPath: reader.string('base_model_name_or_path'),
    revision: reader.string('revision'),
  };
}

class ConfigReader {
  constructor(
    private readonly file: string,
    private readonly config: JsonObject,
  ) {}

  refusal(problem: string, next = 'Save the adapter again with peft.'): Error {
    return inputError('adapter-config', `${this.file}: ${problem}.`, next);
  }

  refuseUnsupported(): void {
    const { peft_type: type, init_lora_weights: init } = this.config;
    if (typeof type !== 'string' || type.toUpperCase() !== 'LORA') {
      throw inputError(
        'adapter-type-unsupported',
        `${this.file} describes an adapter of type ${JSON.stringify(type) ?? 'unknown'}; LoRA is supported.`,
        'Use a LoRA adapter, or merge this one into its base with peft (merge_and_unload) and open the result.',
      );
    }
    for (const [key, what] of Object.entries(unsupported)) {
      if (isSet(this.config[key])) throw this.unsupportedFeature(`${what} (${key})`);
    }
    if (typeof init === 'string' && baseChangingInits.test(init)) {
      throw this.unsupportedFeature(`an initialisation that changes the base weights (init_lora_weights ${init})`);
    }
  }

  private unsupportedFeature(what: string): Error {
    return inputError(
      'adapter-feature-unsupported',
      `${this.file} uses ${what}, which is not supported.`,
      'Merge the adapter into its base with peft (merge_and_unload) and open the result.',
    );
  }

  number(value: JsonValue, key: string): number {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.refusal(`${key} is no number`);
    return value;
  }

  rank(value: JsonValue, key: string): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > maximumRank) {
      throw this.refusal(`${key} is ${JSON.stringify(value)}, not a rank between 1 and ${maximumRank}`);
    }
    return value;
  }

  string(key: string): string | undefined {
    const value = this.config[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw this.refusal(`${key} is no string`);
    return value;
  }

  /** A string counts as a list of one. */
  strings(key: string): readonly string[] {
    const value = this.config[key];
    if (value === undefined || value === null) return [];
    if (typeof value === 'string') return [value];
    if (!isStringList(value)) throw this.refusal(`${key} is no list of strings`);
    return value;
  }

  pattern(key: string, read: (value: JsonValue, key: string) => number): ReadonlyMap<string, number> {
    const value = this.config[key];
    if (value === undefined || value === null) return new Map();
    if (!isJsonObject(value)) throw this.refusal(`${key} is no object`);
    return new Map(Object.entries(value).map(([name, entry]) => [name, read(entry, `${key} "${name}"`)]));
  }

  selection(key: string): ModuleSelection | undefined {
    const value = this.config[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return { pattern: value };
    if (!isStringList(value)) throw this.refusal(`${key} is neither a string nor a list of strings`);
    return { suffixes: value };
  }

  targets(): LoraConfig['targets'] {
    const value = this.config.target_modules;
    if (typeof value === 'string' && value.toLowerCase() === 'all-linear') return 'all-linear';
    return this.selection('target_modules') ?? 'unstated';
  }

  layers(): readonly number[] | undefined {
    const value = this.config.layers_to_transform;
    if (value === undefined || value === null) return undefined;
    const list = Array.isArray(value) ? value : [value];
    if (!list.every((entry) => Number.isInteger(entry) && entry >= 0)) {
      throw this.refusal('layers_to_transform holds something else than layer numbers');
    }
    // peft takes an empty list for "all layers".
    return list.length === 0 ? undefined : list;
  }

  bias(): LoraConfig['bias'] {
    const value = this.config.bias ?? 'none';
    if (value !== 'none' && value !== 'all' && value !== 'lora_only') {
      throw this.refusal(`bias is ${JSON.stringify(value)}; none, all and lora_only are known`);
    }
    return value;
  }
}

function isSet(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isJsonObject(value) || Object.keys(value).length > 0;
}

function isStringList(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
