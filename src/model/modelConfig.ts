/**
 * model/ says what a model computes, as graphs: configuration, parameter names and shapes, forward pass, loss,
 * decoding, per-row gradients. It never opens a session; only checkpoint/ touches files.
 */

/** `model_type` values that can be computed; the text part of `gemma3` is `gemma3_text`. */
export const modelFamilies = [
  'llama',
  'mistral',
  'qwen2',
  'qwen3',
  'gpt2',
  'gpt_neox',
  'phi3',
  'gemma2',
  'gemma3_text',
  'olmo2',
] as const;

export type ModelFamily = (typeof modelFamilies)[number];

export type Activation = 'silu' | 'geluErf' | 'geluTanh' | 'quickGelu' | 'relu';

/** Rotary position embedding of half-split pairs: pair i turns by position * frequencies[i]. */
export interface Rotary {
  /** Radians per position of each pair; twice as many elements of a head are rotated, the rest pass through. */
  readonly frequencies: readonly number[];
  /** Factor on cos and sin (yarn, longrope), 1 elsewhere. */
  readonly scaling: number;
  /** longrope: frequencies of sequences longer than `above` positions. */
  readonly long: { readonly frequencies: readonly number[]; readonly above: number } | undefined;
}

export interface LayerConfig {
  /** A query sees itself and the window - 1 positions before it; undefined: all positions before it. */
  readonly window: number | undefined;
  /** undefined: positions are embedded, not rotated. */
  readonly rotary: Rotary | undefined;
  /** Factor on query . key. */
  readonly attentionScale: number;
}

/** `config.json` in one form, whatever its spelling: every default filled in, every number range-checked. */
export interface ModelConfig {
  readonly family: ModelFamily;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  readonly layers: readonly LayerConfig[];
  /** Length the model was made for. */
  readonly maximumPositions: number;
  /** Longest sequence that can be computed at all (learned positions, dynamic rope); undefined: no such limit. */
  readonly lengthLimit: number | undefined;
  readonly activation: Activation;
  /** `weightOffset` 1: the stored weight is the deviation from one (Gemma). */
  readonly norm: { readonly kind: 'rms' | 'layer'; readonly epsilon: number; readonly weightOffset: 0 | 1 };
  readonly biases: {
    readonly queryKeyValue: boolean;
    readonly attentionOutput: boolean;
    readonly mlp: boolean;
  };
  /** Normalisation of queries and keys: per head (Qwen 3, Gemma 3) or over the full projection (OLMo 2). */
  readonly queryKeyNorm: 'none' | 'head' | 'full';
  /** Parallel: attention and MLP read the same residual stream (GPT-NeoX). */
  readonly residual: 'sequential' | 'parallel';
  readonly attentionSoftCap: number | undefined;
  readonly logitSoftCap: number | undefined;
  /** Factor on token embeddings (Gemma: sqrt(hiddenSize) in float32). */
  readonly embeddingScale: number;
  /** The head multiplies by the input embedding. */
  readonly tiedEmbeddings: boolean;
  /** Standard deviation of freshly drawn weights. */
  readonly initializerRange: number;
  readonly tokens: {
    readonly beginning: number | undefined;
    /** Generation ends at any of them. */
    readonly end: readonly number[];
    readonly padding: number | undefined;
  };
  /** `dtype` or `torch_dtype` as written. */
  readonly dtype: string | undefined;
}
