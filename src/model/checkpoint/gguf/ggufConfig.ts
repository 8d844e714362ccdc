/**
 * Makes the `config.json` object (Hugging Face spelling) that a GGUF file's metadata stand for. What the metadata do not
 * say is taken from what the architecture always has; what neither says is an error, never a guess.
 */
import { inputError } from '../../../protocol/errors';
import type { JsonObject, JsonValue } from '../../../protocol/json';
import type { GgufArchitecture, HeadCounts } from './ggufNames';
import { ropeConfig } from './ggufRope';
import type { GgufHeader } from './readGgufHeader';

/** Typed access to `ARCHITECTURE.*` metadata. */
export class GgufSettings {
  constructor(
    readonly header: GgufHeader,
    readonly architecture: GgufArchitecture,
  ) {}

  refusal(problem: string): Error {
    return inputError(
      'gguf-config',
      `${this.header.file}: ${problem}.`,
      'Use a GGUF file made by the usual converter of llama.cpp, or the Hugging Face folder of the model.',
    );
  }

  /** A number; a list that gives every layer the same number counts as that number. */
  number(key: string): number | undefined {
    const value = this.header.metadata.get(`${this.architecture}.${key}`);
    if (value === undefined) return undefined;
    const candidates = Array.isArray(value) ? value : [value];
    const first = candidates[0];
    if (typeof first !== 'number' || !Number.isFinite(first)) {
      throw this.refusal(`${this.architecture}.${key} is no number`);
    }
    if (candidates.some((entry) => entry !== first)) {
      throw this.refusal(`${this.architecture}.${key} differs between layers, which cannot be read`);
    }
    return shortest(first);
  }

  /** A positive integer up to 2^31. */
  count(key: string): number | undefined {
    const value = this.number(key);
    if (value !== undefined && (!Number.isInteger(value) || value < 1 || value > 2 ** 31)) {
      throw this.refusal(`${this.architecture}.${key} is ${value}, not a positive whole number`);
    }
    return value;
  }

  requiredCount(key: string): number {
    const value = this.count(key);
    if (value === undefined) throw this.refusal(`${this.architecture}.${key} is missing`);
    return value;
  }

  requiredNumber(key: string): number {
    const value = this.number(key);
    if (value === undefined) throw this.refusal(`${this.architecture}.${key} is missing`);
    return value;
  }

  text(key: string): string | undefined {
    const value = this.header.metadata.get(`${this.architecture}.${key}`);
    if (value !== undefined && typeof value !== 'string')
      throw this.refusal(`${this.architecture}.${key} is no string`);
    return value;
  }

  has(tensor: string): boolean {
    return this.header.tensors.has(tensor);
  }

  tokenId(key: string): number | null {
    const value = this.header.metadata.get(`tokenizer.ggml.${key}`);
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : null;
  }
}

/** The shortest decimal that is the same float32: metadata are float32, so 1e-5 arrives as 9.999999747378752e-06. */
function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (candidate === value || (Math.fround(value) === value && Math.fround(candidate) === value)) return candidate;
  }
  return value;
}

export function headCounts(settings: GgufSettings): HeadCounts {
  const heads = settings.requiredCount('attention.head_count');
  return { heads, keyValueHeads: settings.count('attention.head_count_kv') ?? heads };
}

/** `tied` says whether the output head is the input embedding. */
export async function ggufConfig(settings: GgufSettings, tied: boolean): Promise<JsonObject> {
  const shared: JsonObject = {
    vocab_size: vocabularySize(settings),
    bos_token_id: settings.tokenId('bos_token_id'),
    eos_token_id: settings.tokenId('eos_token_id'),
    pad_token_id: settings.tokenId('padding_token_id'),
    tie_word_embeddings: tied,
    dtype: 'float32',
  };
  switch (settings.architecture) {
    case 'gpt2':
      return { ...shared, ...gpt2Config(settings) };
    case 'gptneox':
      return { ...shared, ...neoxConfig(settings) };
    case 'llama':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...llamaOrMistral(settings),
        attention_bias: settings.has('blk.0.attn_q.bias'),
        mlp_bias: settings.has('blk.0.ffn_up.bias'),
      };
    case 'qwen2':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...names('qwen2', 'Qwen2ForCausalLM'),
        use_sliding_window: false,
      };
    case 'qwen3':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...names('qwen3', 'Qwen3ForCausalLM'),
        attention_bias: settings.has('blk.0.attn_q.bias'),
        use_sliding_window: false,
      };
    case 'olmo2':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...names('olmo2', 'Olmo2ForCausalLM'),
        attention_bias: false,
      };
    case 'phi3':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...names('phi3', 'Phi3ForCausalLM'),
        ...phi3Extras(settings),
      };
    case 'gemma2':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...names('gemma2', 'Gemma2ForCausalLM'),
        ...gemma2Extras(settings),
      };
    case 'gemma3':
      return {
        ...shared,
        ...(await llamaLike(settings)),
        ...names('gemma3_text', 'Gemma3ForCausalLM'),
        ...gemma3Extras(settings),
      };
  }
}

/** Mistral goes by the name of llama; what sets it apart is its window. */
function llamaOrMistral(settings: GgufSettings): JsonObject {
  const window = settings.count('attention.sliding_window');
  if (window === undefined) return names('llama', 'LlamaForCausalLM');
  return { ...names('mistral', 'MistralForCausalLM'), sliding_window: window };
}

function names(modelType: string, architecture: string): JsonObject {
  return { model_type: modelType, architectures: [architecture] };
}

function vocabularySize(settings: GgufSettings): number {
  const rows = settings.header.tensors.get('token_embd.weight')?.shape[0];
  if (rows === undefined) throw settings.refusal('token_embd.weight is missing');
  return rows;
}

async function llamaLike(settings: GgufSettings): Promise<JsonObject> {
  const { heads, keyValueHeads } = headCounts(settings);
  const hidden = settings.requiredCount('embedding_length');
  const headSize = headSizeOf(settings, hidden, heads);
  const valueSize = settings.count('attention.value_length') ?? headSize;
  if (valueSize !== headSize) throw settings.refusal(`key heads have ${headSize} elements, value heads ${valueSize}`);
  return {
    hidden_size: hidden,
    intermediate_size: settings.requiredCount('feed_forward_length'),
    num_hidden_layers: settings.requiredCount('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headSize,
    hidden_act: 'silu',
    max_position_embeddings: settings.requiredCount('context_length'),
    rms_norm_eps: settings.requiredNumber('attention.layer_norm_rms_epsilon'),
    ...(await ropeConfig(settings, headSize)),
  };
}

function headSizeOf(settings: GgufSettings, hidden: number, heads: number): number {
  const stated = settings.count('attention.key_length');
  if (stated !== undefined) return stated;
  if (hidden % heads !== 0) throw settings.refusal(`${hidden} elements cannot be shared by ${heads} heads`);
  return hidden / heads;
}

function gpt2Config(settings: GgufSettings): JsonObject {
  return {
    ...names('gpt2', 'GPT2LMHeadModel'),
    activation_function: 'gelu_new',
    layer_norm_epsilon: settings.requiredNumber('attention.layer_norm_epsilon'),
    n_embd: settings.requiredCount('embedding_length'),
    n_head: settings.requiredCount('attention.head_count'),
    n_inner: settings.requiredCount('feed_forward_length'),
    n_layer: settings.requiredCount('block_count'),
    n_positions: settings.requiredCount('context_length'),
    scale_attn_weights: true,
  };
}

function neoxConfig(settings: GgufSettings): JsonObject {
  const hidden = settings.requiredCount('embedding_length');
  const heads = settings.requiredCount('attention.head_count');
  const headSize = headSizeOf(settings, hidden, heads);
  const parallel = settings.header.metadata.get('gptneox.use_parallel_residual');
  return {
    ...names('gpt_neox', 'GPTNeoXForCausalLM'),
    hidden_act: 'gelu',
    hidden_size: hidden,
    intermediate_size: settings.requiredCount('feed_forward_length'),
    num_hidden_layers: settings.requiredCount('block_count'),
    num_attention_heads: heads,
    max_position_embeddings: settings.requiredCount('context_length'),
    layer_norm_eps: settings.requiredNumber('attention.layer_norm_epsilon'),
    rotary_pct: (settings.count('rope.dimension_count') ?? headSize) / headSize,
    rotary_emb_base: settings.number('rope.freq_base') ?? 10_000,
    use_parallel_residual: parallel === undefined ? true : parallel === true,
    attention_bias: settings.has('blk.0.attn_qkv.bias'),
  };
}

function phi3Extras(settings: GgufSettings): JsonObject {
  const rotary = settings.count('rope.dimension_count');
  const { heads } = headCounts(settings);
  const headSize = headSizeOf(settings, settings.requiredCount('embedding_length'), heads);
  return {
    sliding_window: settings.count('attention.sliding_window') ?? null,
    partial_rotary_factor: rotary === undefined ? 1 : rotary / headSize,
  };
}

/** Layers that see a window only: every one but each `period`-th. */
function layerTypes(settings: GgufSettings, period: number): JsonValue {
  const count = settings.requiredCount('block_count');
  if (count > 10_000) throw settings.refusal(`${count} layers are more than 10,000`);
  return Array.from({ length: count }, (_, layer) =>
    (layer + 1) % period === 0 ? 'full_attention' : 'sliding_attention',
  );
}

/** Both 27B models scale queries by the width a head would have if heads filled the hidden size; the others by head_dim. */
function queryScale(settings: GgufSettings, layersOf27B: number): number {
  const hidden = settings.requiredCount('embedding_length');
  const { heads } = headCounts(settings);
  return settings.requiredCount('block_count') === layersOf27B ? hidden / heads : headSizeOf(settings, hidden, heads);
}

function gemma2Extras(settings: GgufSettings): JsonObject {
  return {
    hidden_act: 'gelu_pytorch_tanh',
    hidden_activation: 'gelu_pytorch_tanh',
    attention_bias: false,
    attn_logit_softcapping: settings.number('attn_logit_softcapping') ?? null,
    final_logit_softcapping: settings.number('final_logit_softcapping') ?? null,
    query_pre_attn_scalar: queryScale(settings, 46),
    sliding_window: settings.count('attention.sliding_window') ?? 4096,
    layer_types: layerTypes(settings, 2),
  };
}

function gemma3Extras(settings: GgufSettings): JsonObject {
  return {
    hidden_act: 'gelu_pytorch_tanh',
    hidden_activation: 'gelu_pytorch_tanh',
    attention_bias: false,
    attn_logit_softcapping: null,
    final_logit_softcapping: settings.number('final_logit_softcapping') ?? null,
    query_pre_attn_scalar: queryScale(settings, 62),
    rope_local_base_freq: settings.number('rope.freq_base_swa') ?? 10_000,
    sliding_window: settings.requiredCount('attention.sliding_window'),
    layer_types: layerTypes(settings, 6),
  };
}
