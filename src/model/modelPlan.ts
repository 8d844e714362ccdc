import type { ModelConfig } from './modelConfig';

/** One weight matrix that multiplies the residual stream, under its Hugging Face module path. */
export interface LinearModule {
  /** `model.layers.0.self_attn.q_proj` */
  readonly module: string;
  readonly role: 'attention' | 'mlp' | 'head';
  /** undefined: the head. */
  readonly layer: number | undefined;
  readonly inputSize: number;
  readonly outputSize: number;
  /** How the checkpoint stores the weight: torch Linear [out, in], GPT-2's Conv1D [in, out]. */
  readonly layout: 'outIn' | 'inOut';
  /** Parameter name; the input embedding's where the head is tied. */
  readonly weight: string;
  /** Parameter name, or undefined: no bias. */
  readonly bias: string | undefined;
}

export interface NormPlan {
  readonly weight: string;
  readonly bias: string | undefined;
  readonly size: number;
}

/** Where a projection's outputs hold queries, keys and values. */
export type ProjectionPlan =
  | {
      readonly kind: 'separate';
      readonly query: LinearModule;
      readonly key: LinearModule;
      readonly value: LinearModule;
    }
  /** Output columns [all queries | all keys | all values]. */
  | { readonly kind: 'blocks'; readonly linear: LinearModule }
  /** Output columns of each head: [its query | its key | its value]. */
  | { readonly kind: 'heads'; readonly linear: LinearModule };

export type MlpPlan =
  /** down(activation(gate x) * up x) */
  | { readonly kind: 'gated'; readonly gate: LinearModule; readonly up: LinearModule; readonly down: LinearModule }
  /** As gated, gate and up being the halves of one output. */
  | { readonly kind: 'gatedFused'; readonly gateUp: LinearModule; readonly down: LinearModule }
  /** down(activation(up x)) */
  | { readonly kind: 'plain'; readonly up: LinearModule; readonly down: LinearModule };

export interface LayerPlan {
  readonly projection: ProjectionPlan;
  readonly queryNorm: NormPlan | undefined;
  readonly keyNorm: NormPlan | undefined;
  readonly attentionOutput: LinearModule;
  readonly mlp: MlpPlan;
  /** Before: on what the part reads. After: on what it adds to the residual stream. */
  readonly norms: {
    readonly beforeAttention: NormPlan | undefined;
    readonly afterAttention: NormPlan | undefined;
    readonly beforeMlp: NormPlan | undefined;
    readonly afterMlp: NormPlan | undefined;
  };
}

/** Parameters of a model by the place where they are used. */
export interface ModelPlan {
  readonly embedding: string;
  /** Learned positions, or undefined. */
  readonly positionEmbedding: string | undefined;
  readonly layers: readonly LayerPlan[];
  readonly finalNorm: NormPlan;
  readonly head: LinearModule;
}

type MakeLinear = (
  path: string,
  role: 'attention' | 'mlp',
  inputSize: number,
  outputSize: number,
  bias: boolean,
) => LinearModule;

/** Parameter names are those of checkpoint files. */
export function modelPlan(config: ModelConfig): ModelPlan {
  const { hiddenSize: hidden } = config;
  const names = topNames(config);
  const head: LinearModule = {
    module: names.head,
    role: 'head',
    layer: undefined,
    inputSize: hidden,
    outputSize: config.vocabularySize,
    layout: 'outIn',
    weight: config.tiedEmbeddings ? names.embedding : `${names.head}.weight`,
    bias: undefined,
  };
  return {
    embedding: names.embedding,
    positionEmbedding: names.positionEmbedding,
    layers: config.layers.map((_, layer) => {
      const prefix = `${names.layers}.${layer}`;
      const linear: MakeLinear = (path, role, inputSize, outputSize, bias) => ({
        module: `${prefix}.${path}`,
        role,
        layer,
        inputSize,
        outputSize,
        layout: config.family === 'gpt2' ? 'inOut' : 'outIn',
        weight: `${prefix}.${path}.weight`,
        bias: bias ? `${prefix}.${path}.bias` : undefined,
      });
      const norm = (path: string, size: number): NormPlan => normPlan(config, `${prefix}.${path}`, size);
      if (config.family === 'gpt2') return gpt2Layer(config, linear, norm);
      if (config.family === 'gpt_neox') return gptNeoxLayer(config, linear, norm);
      return llamaLayer(config, linear, norm);
    }),
    finalNorm: normPlan(config, names.finalNorm, hidden),
    head,
  };
}

function topNames({ family }: ModelConfig): {
  readonly embedding: string;
  readonly positionEmbedding: string | undefined;
  readonly layers: string;
  readonly finalNorm: string;
  readonly head: string;
} {
  if (family === 'gpt2') {
    return {
      embedding: 'transformer.wte.weight',
      positionEmbedding: 'transformer.wpe.weight',
      layers: 'transformer.h',
      finalNorm: 'transformer.ln_f',
      head: 'lm_head',
    };
  }
  if (family === 'gpt_neox') {
    return {
      embedding: 'gpt_neox.embed_in.weight',
      positionEmbedding: undefined,
      layers: 'gpt_neox.layers',
      finalNorm: 'gpt_neox.final_layer_norm',
      head: 'embed_out',
    };
  }
  return {
    embedding: 'model.embed_tokens.weight',
    positionEmbedding: undefined,
    layers: 'model.layers',
    finalNorm: 'model.norm',
    head: 'lm_head',
  };
}

function normPlan({ norm }: ModelConfig, path: string, size: number): NormPlan {
  return { weight: `${path}.weight`, bias: norm.kind === 'layer' ? `${path}.bias` : undefined, size };
}

type MakeNorm = (path: string, size: number) => NormPlan;

function gpt2Layer(config: ModelConfig, linear: MakeLinear, norm: MakeNorm): LayerPlan {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  return {
    projection: { kind: 'blocks', linear: linear('attn.c_attn', 'attention', hidden, 3 * hidden, true) },
    queryNorm: undefined,
    keyNorm: undefined,
    attentionOutput: linear('attn.c_proj', 'attention', hidden, hidden, true),
    mlp: {
      kind: 'plain',
      up: linear('mlp.c_fc', 'mlp', hidden, inner, true),
      down: linear('mlp.c_proj', 'mlp', inner, hidden, true),
    },
    norms: {
      beforeAttention: norm('ln_1', hidden),
      afterAttention: undefined,
      beforeMlp: norm('ln_2', hidden),
      afterMlp: undefined,
    },
  };
}

function gptNeoxLayer(config: ModelConfig, linear: MakeLinear, norm: MakeNorm): LayerPlan {
  const { hiddenSize: hidden, intermediateSize: inner, biases } = config;
  const qkv = linear('attention.query_key_value', 'attention', hidden, 3 * hidden, biases.queryKeyValue);
  return {
    projection: { kind: 'heads', linear: qkv },
    queryNorm: undefined,
    keyNorm: undefined,
    attentionOutput: linear('attention.dense', 'attention', hidden, hidden, biases.attentionOutput),
    mlp: {
      kind: 'plain',
      up: linear('mlp.dense_h_to_4h', 'mlp', hidden, inner, biases.mlp),
      down: linear('mlp.dense_4h_to_h', 'mlp', inner, hidden, biases.mlp),
    },
    norms: {
      beforeAttention: norm('input_layernorm', hidden),
      afterAttention: undefined,
      beforeMlp: norm('post_attention_layernorm', hidden),
      afterMlp: undefined,
    },
  };
}

function llamaLayer(config: ModelConfig, linear: MakeLinear, norm: MakeNorm): LayerPlan {
  const { family, hiddenSize: hidden, biases, queryKeyNorm, headSize } = config;
  const queries = config.headCount * headSize;
  const keys = config.keyValueHeadCount * headSize;
  const input = (path: string, size: number): LinearModule =>
    linear(`self_attn.${path}`, 'attention', hidden, size, biases.queryKeyValue);
  return {
    projection:
      family === 'phi3'
        ? { kind: 'blocks', linear: input('qkv_proj', queries + 2 * keys) }
        : {
            kind: 'separate',
            query: input('q_proj', queries),
            key: input('k_proj', keys),
            value: input('v_proj', keys),
          },
    queryNorm:
      queryKeyNorm === 'none' ? undefined : norm('self_attn.q_norm', queryKeyNorm === 'head' ? headSize : queries),
    keyNorm: queryKeyNorm === 'none' ? undefined : norm('self_attn.k_norm', queryKeyNorm === 'head' ? headSize : keys),
    attentionOutput: linear('self_attn.o_proj', 'attention', queries, hidden, biases.attentionOutput),
    mlp: llamaMlp(config, linear),
    norms: llamaNorms(config, norm),
  };
}

function llamaMlp({ family, hiddenSize, intermediateSize, biases }: ModelConfig, linear: MakeLinear): MlpPlan {
  const down = linear('mlp.down_proj', 'mlp', intermediateSize, hiddenSize, biases.mlp);
  if (family === 'phi3') {
    return {
      kind: 'gatedFused',
      gateUp: linear('mlp.gate_up_proj', 'mlp', hiddenSize, 2 * intermediateSize, false),
      down,
    };
  }
  return {
    kind: 'gated',
    gate: linear('mlp.gate_proj', 'mlp', hiddenSize, intermediateSize, biases.mlp),
    up: linear('mlp.up_proj', 'mlp', hiddenSize, intermediateSize, biases.mlp),
    down,
  };
}

function llamaNorms({ family, hiddenSize: hidden }: ModelConfig, norm: MakeNorm): LayerPlan['norms'] {
  if (family === 'olmo2') {
    return {
      beforeAttention: undefined,
      afterAttention: norm('post_attention_layernorm', hidden),
      beforeMlp: undefined,
      afterMlp: norm('post_feedforward_layernorm', hidden),
    };
  }
  if (family === 'gemma2' || family === 'gemma3_text') {
    return {
      beforeAttention: norm('input_layernorm', hidden),
      afterAttention: norm('post_attention_layernorm', hidden),
      beforeMlp: norm('pre_feedforward_layernorm', hidden),
      afterMlp: norm('post_feedforward_layernorm', hidden),
    };
  }
  return {
    beforeAttention: norm('input_layernorm', hidden),
    afterAttention: undefined,
    beforeMlp: norm('post_attention_layernorm', hidden),
    afterMlp: undefined,
  };
}
