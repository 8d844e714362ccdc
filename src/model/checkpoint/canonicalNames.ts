/**
 * One name for each parameter, whatever the age of the file: missing prefixes are added, buffers that are no parameters
 * are left out. Names are those of transformers' `...ForCausalLM` modules.
 */

interface NameRules {
  /** Prefix of everything but the output head. */
  readonly prefix: string;
  /** How names without that prefix begin, in files saved from the bare model. */
  readonly bareStart: RegExp;
  /** Buffers of older files, matched against the canonical name. */
  readonly buffers: RegExp;
}

const rotaryBuffers = /\.rotary_emb\.inv_freq$/;

const llamaRules: NameRules = {
  prefix: 'model.',
  bareStart: /^(?:embed_tokens|layers|norm|rotary_emb)\./,
  buffers: rotaryBuffers,
};

const rules: Readonly<Record<string, NameRules>> = {
  gpt2: {
    prefix: 'transformer.',
    bareStart: /^(?:wte|wpe|h|ln_f)\./,
    buffers: /^transformer\.h\.\d+\.(?:attn|crossattention)\.(?:bias|masked_bias)$/,
  },
  gpt_neox: {
    prefix: 'gpt_neox.',
    bareStart: /^(?:embed_in|layers|final_layer_norm|rotary_emb)\./,
    buffers: /\.rotary_emb\.inv_freq$|\.attention\.(?:bias|masked_bias)$/,
  },
};

function rulesOf(modelType: string): NameRules {
  return Object.hasOwn(rules, modelType) ? rules[modelType]! : llamaRules;
}

/** The parameter's canonical name; undefined for a buffer, which is no parameter. */
export function canonicalName(modelType: string, name: string): string | undefined {
  const { prefix, bareStart, buffers } = rulesOf(modelType);
  // transformers 5 calls GPT-NeoX's head lm_head in memory; files have always said embed_out.
  if (modelType === 'gpt_neox' && name.startsWith('lm_head.')) return name.replace('lm_head.', 'embed_out.');
  const canonical = bareStart.test(name) ? prefix + name : name;
  return buffers.test(canonical) ? undefined : canonical;
}

/** Name of the input embedding and of the output head's weight. */
export function embeddingNames(modelType: string): { readonly input: string; readonly output: string } {
  switch (modelType) {
    case 'gpt2':
      return { input: 'transformer.wte.weight', output: 'lm_head.weight' };
    case 'gpt_neox':
      return { input: 'gpt_neox.embed_in.weight', output: 'embed_out.weight' };
    default:
      return { input: 'model.embed_tokens.weight', output: 'lm_head.weight' };
  }
}

/** Model types whose head is tied unless `config.json` says otherwise (transformers' defaults). */
const tiedByDefault = new Set(['gpt2', 'gemma', 'gemma2', 'gemma3', 'gemma3_text']);

/** Whether the output head is the input embedding. */
export function isTied(config: Readonly<Record<string, unknown>>): boolean {
  const stated = config.tie_word_embeddings;
  if (typeof stated === 'boolean') return stated;
  return typeof config.model_type === 'string' && tiedByDefault.has(config.model_type);
}
