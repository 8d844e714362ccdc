/** GGUF tensor names -> Hugging Face parameter names, and how each tensor was rearranged, for every architecture that can be read. */
import type { GgufLayout } from '../types';

/** `general.architecture` values that can be read. */
export type GgufArchitecture =
  | 'llama'
  | 'qwen2'
  | 'qwen3'
  | 'gemma2'
  | 'gemma3'
  | 'phi3'
  | 'olmo2'
  | 'gpt2'
  | 'gptneox';

interface NameTable {
  /** Tensors outside the blocks, by GGUF name without `.weight` / `.bias`. */
  readonly outer: Readonly<Record<string, string>>;
  /** Prefix of a block, `N` for its number. */
  readonly block: string;
  /** Tensors of a block. */
  readonly inner: Readonly<Record<string, string>>;
}

const llamaOuter = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' };

const llamaLinear = {
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

const llamaInner = { ...llamaLinear, attn_norm: 'input_layernorm', ffn_norm: 'post_attention_layernorm' };

const queryKeyNorms = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' };

const gemma2Inner = {
  ...llamaInner,
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
};

const llamaTable: NameTable = { outer: llamaOuter, block: 'model.layers.N.', inner: llamaInner };

const tables: Readonly<Record<GgufArchitecture, NameTable>> = {
  llama: llamaTable,
  qwen2: llamaTable,
  qwen3: { ...llamaTable, inner: { ...llamaInner, ...queryKeyNorms } },
  gemma2: { ...llamaTable, inner: gemma2Inner },
  gemma3: { ...llamaTable, inner: { ...gemma2Inner, ...queryKeyNorms } },
  olmo2: {
    ...llamaTable,
    inner: {
      ...llamaLinear,
      ...queryKeyNorms,
      post_attention_norm: 'post_attention_layernorm',
      post_ffw_norm: 'post_feedforward_layernorm',
    },
  },
  phi3: {
    ...llamaTable,
    inner: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'self_attn.qkv_proj',
      attn_output: 'self_attn.o_proj',
      ffn_norm: 'post_attention_layernorm',
      ffn_up: 'mlp.gate_up_proj',
      ffn_down: 'mlp.down_proj',
    },
  },
  gpt2: {
    outer: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    block: 'transformer.h.N.',
    inner: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
  },
  gptneox: {
    outer: { token_embd: 'gpt_neox.embed_in', output_norm: 'gpt_neox.final_layer_norm', output: 'embed_out' },
    block: 'gpt_neox.layers.N.',
    inner: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'attention.query_key_value',
      attn_output: 'attention.dense',
      ffn_norm: 'post_attention_layernorm',
      ffn_up: 'mlp.dense_h_to_4h',
      ffn_down: 'mlp.dense_4h_to_h',
    },
  },
};

export const ggufArchitectures: readonly string[] = Object.keys(tables);

export function isGgufArchitecture(name: string): name is GgufArchitecture {
  return Object.hasOwn(tables, name);
}

/** The Hugging Face parameter name, or undefined where the architecture has no such tensor. */
export function huggingFaceName(architecture: GgufArchitecture, ggufName: string): string | undefined {
  const table = tables[architecture];
  const match = /^(?:blk\.(\d{1,6})\.)?([a-z_0-9]+)\.(weight|bias)$/.exec(ggufName);
  if (match === null) return undefined;
  const [, block, stem, kind] = match;
  const names = block === undefined ? table.outer : table.inner;
  if (stem === undefined || !Object.hasOwn(names, stem)) return undefined;
  const prefix = block === undefined ? '' : table.block.replace('N', String(Number(block)));
  return `${prefix}${names[stem]}.${kind}`;
}

/** Number of heads as the converter used them. */
export interface HeadCounts {
  readonly heads: number;
  readonly keyValueHeads: number;
}

/** How the usual converter (convert_hf_to_gguf.py) rearranged the tensor of that GGUF name. */
export function layoutOf(architecture: GgufArchitecture, ggufName: string, counts: HeadCounts): GgufLayout {
  const isWeight = ggufName.endsWith('.weight');
  if (architecture === 'llama') {
    if (/\.attn_q\.(weight|bias)$/.test(ggufName)) return { kind: 'permutedHeads', heads: counts.heads };
    if (/\.attn_k\.(weight|bias)$/.test(ggufName)) return { kind: 'permutedHeads', heads: counts.keyValueHeads };
  }
  if ((architecture === 'gemma2' || architecture === 'gemma3') && /norm\.weight$/.test(ggufName)) {
    return { kind: 'plusOne' };
  }
  if (architecture === 'gpt2' && isWeight && /\.(attn_qkv|attn_output|ffn_up|ffn_down)\./.test(ggufName)) {
    return { kind: 'transposed' };
  }
  if (architecture === 'gptneox' && /\.attn_qkv\./.test(ggufName)) return { kind: 'gatheredQkv', heads: counts.heads };
  return { kind: 'asIs' };
}
