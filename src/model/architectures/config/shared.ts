/** What the families' configurations have in common: ranges of every number, and keys that are spelled alike. */
import type { Activation, LayerConfig, ModelConfig, ModelFamily } from '../../modelConfig';
import type { ConfigReader, Range } from './configReader';
import { type ParsedRotary, parseRotary } from './parseRotary';

export const ranges = {
  vocabulary: { minimum: 1, maximum: 2 ** 23 },
  width: { minimum: 1, maximum: 2 ** 17 },
  inner: { minimum: 1, maximum: 2 ** 20 },
  layers: { minimum: 1, maximum: 1024 },
  heads: { minimum: 1, maximum: 4096 },
  head: { minimum: 1, maximum: 8192 },
  positions: { minimum: 1, maximum: 2 ** 30 },
  theta: { minimum: 1.0001, maximum: 1e15 },
  epsilon: { minimum: 1e-30, maximum: 1 },
  cap: { minimum: 1e-3, maximum: 1e9 },
  scalar: { minimum: 1e-9, maximum: 1e9 },
  deviation: { minimum: 0, maximum: 100 },
  token: { minimum: 0, maximum: 2 ** 31 },
} as const satisfies Readonly<Record<string, Range>>;

const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'geluErf',
  gelu_python: 'geluErf',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_accurate: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_python_tanh: 'geluTanh',
  quick_gelu: 'quickGelu',
  relu: 'relu',
};

export interface Defaults {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  /** undefined: as many as heads. */
  readonly keyValueHeads: number | undefined;
  /** undefined: hidden / heads. */
  readonly head: number | undefined;
  readonly positions: number;
  readonly epsilon: number;
  readonly beginning: number | undefined;
  readonly end: readonly number[];
  readonly padding: number | undefined;
  readonly tied: 'yes' | 'no';
}

type Tokens = ModelConfig['tokens'];

/** What every family but GPT-2 spells alike. */
export interface Common {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  readonly layerCount: number;
  readonly maximumPositions: number;
  readonly tiedEmbeddings: boolean;
  readonly initializerRange: number;
  readonly tokens: Tokens;
  readonly dtype: string | undefined;
}

export function readTokens(reader: ConfigReader, defaults: Pick<Defaults, 'beginning' | 'end' | 'padding'>): Tokens {
  const padding = reader.integerOrNull('pad_token_id', defaults.padding, { minimum: -1, maximum: 2 ** 31 });
  return {
    beginning: reader.integerOrNull('bos_token_id', defaults.beginning, ranges.token),
    end: reader.tokenIds('eos_token_id', defaults.end),
    padding: padding === -1 ? undefined : padding,
  };
}

export function readDtype(reader: ConfigReader): string | undefined {
  return reader.optionalText('dtype') ?? reader.optionalText('torch_dtype');
}

export function headSizeOf(reader: ConfigReader, hidden: number, heads: number, key: string): number {
  if (hidden % heads !== 0) throw reader.refuse(key, `is ${heads}, which does not divide the hidden size ${hidden}`);
  return hidden / heads;
}

export function readCommon(reader: ConfigReader, defaults: Defaults): Common {
  const hiddenSize = reader.integer('hidden_size', defaults.hidden, ranges.width);
  const headCount = reader.integer('num_attention_heads', defaults.heads, ranges.heads);
  const keyValueHeadCount = reader.integer(
    'num_key_value_heads',
    reader.get('num_key_value_heads') === null ? headCount : (defaults.keyValueHeads ?? headCount),
    ranges.heads,
  );
  if (headCount % keyValueHeadCount !== 0) {
    throw reader.refuse('num_key_value_heads', `is ${keyValueHeadCount}, which does not divide ${headCount} heads`);
  }
  const headSize =
    reader.optionalInteger('head_dim', ranges.head) ??
    defaults.head ??
    headSizeOf(reader, hiddenSize, headCount, 'num_attention_heads');
  if (headCount * headSize > ranges.inner.maximum) {
    throw reader.refuse('head_dim', `is ${headSize}: with ${headCount} heads that is absurdly wide`);
  }
  return {
    vocabularySize: reader.integer('vocab_size', defaults.vocabulary, ranges.vocabulary),
    hiddenSize,
    intermediateSize: reader.integer('intermediate_size', defaults.inner, ranges.inner),
    headCount,
    keyValueHeadCount,
    headSize,
    layerCount: reader.integer('num_hidden_layers', defaults.layers, ranges.layers),
    maximumPositions: reader.integer('max_position_embeddings', defaults.positions, ranges.positions),
    tiedEmbeddings: reader.flag('tie_word_embeddings', defaults.tied),
    initializerRange: reader.number('initializer_range', 0.02, ranges.deviation),
    tokens: readTokens(reader, defaults),
    dtype: readDtype(reader),
  };
}

export function readActivation(reader: ConfigReader, key: string, fallback: string): Activation {
  const name = reader.optionalText(key) ?? fallback;
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined) throw reader.unsupported(key, `the activation "${name}"`);
  return activation;
}

/** `rope_scaling` (older spelling) goes before `rope_parameters`, as in transformers. An empty object says nothing. */
export function ropeParameters(reader: ConfigReader): ConfigReader | undefined {
  return [reader.optionalObject('rope_scaling'), reader.optionalObject('rope_parameters')].find(
    (parameters) => parameters !== undefined && parameters.keys().length > 0,
  );
}

export function readRotary(reader: ConfigReader, common: Common): ParsedRotary {
  const parameters = ropeParameters(reader);
  for (const nested of ['full_attention', 'sliding_attention']) {
    if (parameters?.has(nested)) throw parameters.unsupported(nested, 'rotary positions that differ between layers');
  }
  return parseRotary(
    parameters,
    {
      headSize: common.headSize,
      maximumPositions: common.maximumPositions,
      theta: reader.number('rope_theta', 10000, ranges.theta),
      partial: reader.number('partial_rotary_factor', 1, { minimum: 0, maximum: 1 }),
      partialAllowed: 'no',
      originalLength: {
        value: reader.integer('original_max_position_embeddings', common.maximumPositions, ranges.positions),
        overrules: 'no',
      },
      longropeNames: ['longrope'],
    },
    reader,
  );
}

/** One entry per layer: `layer_types` where written, else the family's rule. */
export function readSlidingLayers(
  reader: ConfigReader,
  count: number,
  rule: (layer: number) => 'sliding_attention' | 'full_attention',
): readonly ('sliding_attention' | 'full_attention')[] {
  const written = reader.optionalTexts('layer_types', count);
  return Array.from({ length: count }, (_, layer) => {
    const kind = written?.[layer] ?? rule(layer);
    if (kind !== 'sliding_attention' && kind !== 'full_attention')
      throw reader.unsupported('layer_types', `"${kind}" layers`);
    return kind;
  });
}

function sameLayers(count: number, layer: LayerConfig): readonly LayerConfig[] {
  return Array.from({ length: count }, () => layer);
}

/** The plain pre-norm Llama block with everything optional switched off; families change what they do differently. */
export function llamaLike(
  family: ModelFamily,
  reader: ConfigReader,
  common: Common,
  rope: ParsedRotary,
  epsilon: number,
): ModelConfig {
  const { layerCount, ...shape } = common;
  return {
    family,
    ...shape,
    layers: sameLayers(layerCount, {
      window: undefined,
      rotary: rope.rotary,
      attentionScale: common.headSize ** -0.5,
    }),
    lengthLimit: rope.lengthLimit,
    activation: readActivation(reader, 'hidden_act', 'silu'),
    norm: { kind: 'rms', epsilon: reader.number('rms_norm_eps', epsilon, ranges.epsilon), weightOffset: 0 },
    biases: { queryKeyValue: false, attentionOutput: false, mlp: false },
    queryKeyNorm: 'none',
    residual: 'sequential',
    attentionSoftCap: undefined,
    logitSoftCap: undefined,
    embeddingScale: 1,
  };
}

export function withWindows(config: ModelConfig, windows: (layer: number) => number | undefined): ModelConfig {
  return { ...config, layers: config.layers.map((layer, i) => ({ ...layer, window: windows(i) })) };
}

export function readWindow(reader: ConfigReader, fallback: number | undefined): number | undefined {
  return reader.integerOrNull('sliding_window', fallback, ranges.positions);
}
