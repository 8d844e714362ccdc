import { inputError } from '../protocol/errors';
import type { JsonObject, JsonValue } from '../protocol/json';
import { ConfigReader } from './architectures/config/configReader';
import { familyParsers } from './architectures/config/families';
import { type ModelConfig, type ModelFamily, modelFamilies } from './modelConfig';

/** Keys by which other architectures, or tools, change the computation; transformers' classes here would drop them. */
const foreignKeys: Readonly<Record<string, string>> = {
  quantization_config: 'quantised weights',
  pruned_heads: 'pruned heads',
  is_encoder_decoder: 'an encoder',
  alibi: 'ALiBi positions',
  clip_qkv: 'clipped projections',
  qk_layernorm: 'a norm on queries and keys',
  use_qk_norm: 'a norm on queries and keys',
  residual_multiplier: 'a residual multiplier',
  embedding_multiplier: 'an embedding multiplier',
  attention_multiplier: 'an attention multiplier',
  logits_scaling: 'scaled logits',
  logit_scale: 'scaled logits',
  no_rope_layers: 'layers without positions',
  num_experts: 'experts',
  num_local_experts: 'experts',
  num_nextn_predict_layers: 'prediction of several tokens',
};

/** Keys that are neutral in families that do not know them only while they switch nothing on. */
const familyKeys: Readonly<Record<string, { readonly what: string; readonly families: readonly ModelFamily[] }>> = {
  attn_logit_softcapping: { what: 'soft caps on attention', families: ['gemma2', 'gemma3_text'] },
  final_logit_softcapping: { what: 'soft caps on logits', families: ['gemma2', 'gemma3_text'] },
  use_bidirectional_attention: { what: 'attention to later tokens', families: ['gemma2', 'gemma3_text'] },
};

/**
 * The normal form of a `config.json`, in the older and the newer spelling of transformers. A `gemma3` configuration
 * gives its text part.
 *
 * @param file what messages call the configuration
 * @throws an input error that names the key: unknown model types, numbers out of range, flags that are not supported
 */
export function parseModelConfig(config: JsonObject, file: string): ModelConfig {
  const reader = new ConfigReader(config, file);
  const modelType = reader.optionalText('model_type');
  const text = modelType === 'gemma3' ? reader.optionalObject('text_config') : undefined;
  if (modelType === 'gemma3' && text === undefined) throw reader.refuse('text_config', 'is missing');
  const family = text === undefined ? modelType : 'gemma3_text';
  if (!isFamily(family)) {
    throw inputError(
      'model-unsupported',
      `${file}: model_type ${family === undefined ? 'is missing' : `"${family}" is not supported`}.`,
      `Use a model of one of these types: ${modelFamilies.join(', ')}, gemma3 (its text part).`,
    );
  }
  for (const part of text === undefined ? [reader] : [reader, text]) refuseForeignKeys(part, family);
  const parsed = familyParsers[family](text ?? reader);
  // The whole model's end tokens, where it names some, go before those of its text part.
  return text !== undefined && reader.has('eos_token_id')
    ? { ...parsed, tokens: { ...parsed.tokens, end: reader.tokenIds('eos_token_id', parsed.tokens.end) } }
    : parsed;
}

function isFamily(name: string | undefined): name is ModelFamily {
  return modelFamilies.some((family) => family === name);
}

function refuseForeignKeys(reader: ConfigReader, family: ModelFamily): void {
  for (const [key, what] of Object.entries(foreignKeys)) {
    if (!isNeutral(reader.get(key))) throw reader.unsupported(key, what);
  }
  for (const [key, { what, families }] of Object.entries(familyKeys)) {
    if (!families.includes(family) && !isNeutral(reader.get(key))) throw reader.unsupported(key, what);
  }
}

/** Values by which a key switches nothing on: absent, null, false, 0, 1 and empty. */
function isNeutral(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === 1) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
