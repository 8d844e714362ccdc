import type { ModelConfig } from './modelConfig';

/** What a tensor of a checkpoint file is to the model. */
export type StoredName =
  /** A parameter of `parameterShapes`. */
  | { readonly kind: 'parameter'; readonly name: string }
  /** A copy of the input embedding under the name of a tied head: must equal it, is not a parameter of its own. */
  | { readonly kind: 'tiedCopy' }
  /** Nothing the text model computes with: mask and frequency buffers of older files, the vision part of Gemma 3. */
  | { readonly kind: 'ignored' };

const bodyPrefixes: Readonly<Record<string, string>> = { gpt2: 'transformer.', gpt_neox: 'gpt_neox.' };
const buffers = /(^|\.)(attn\.(bias|masked_bias)|attention\.(bias|masked_bias)|rotary_emb\.inv_freq)$/;
const visionParts = /^(model\.)?(vision_tower|multi_modal_projector)\./;

/**
 * The parameter that a tensor name in a checkpoint file means: files of a bare body lack its prefix (original GPT-2),
 * GPT-NeoX files call the head `embed_out`, Gemma 3 files put the text part below `language_model`.
 */
export function canonicalParameterName(config: ModelConfig, stored: string): StoredName {
  if (buffers.test(stored) || (config.family === 'gemma3_text' && visionParts.test(stored))) return { kind: 'ignored' };
  const name = withoutWrapper(config, stored);
  if (name === 'lm_head.weight') return config.tiedEmbeddings ? { kind: 'tiedCopy' } : { kind: 'parameter', name };
  if (name.startsWith('lm_head.')) return { kind: 'parameter', name };
  const prefix = bodyPrefixes[config.family] ?? 'model.';
  return { kind: 'parameter', name: name.startsWith(prefix) ? name : prefix + name };
}

function withoutWrapper({ family }: ModelConfig, stored: string): string {
  if (family === 'gpt_neox' && stored === 'embed_out.weight') return 'lm_head.weight';
  if (family !== 'gemma3_text') return stored;
  // Older files: language_model.model.layers…, language_model.lm_head; newer: model.language_model.layers….
  if (stored.startsWith('model.language_model.')) return `model.${stored.slice('model.language_model.'.length)}`;
  return stored.startsWith('language_model.') ? stored.slice('language_model.'.length) : stored;
}
