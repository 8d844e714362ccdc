/**
 * What each family's `config.json` means: defaults are those of transformers' configuration classes. A key that would
 * change the computation in a way that is not built is refused, never ignored.
 */
import type { Activation, LayerConfig, ModelConfig, ModelFamily, Rotary } from '../../modelConfig';
import type { ConfigReader, Range } from './configReader';
import { type ParsedRotary, parseRotary } from './parseRotary';

const ranges = {
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

interface Defaults {
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

const llamaDefaults: Defaults = {
  vocabulary: 32000,
  hidden: 4096,
  inner: 11008,
  layers: 32,
  heads: 32,
  keyValueHeads: undefined,
  head: undefined,
  positions: 2048,
  epsilon: 1e-6,
  beginning: 1,
  end: [2],
  padding: undefined,
  tied: 'no',
};
const qwenDefaults: Defaults = {
  ...llamaDefaults,
  vocabulary: 151936,
  inner: 22016,
  keyValueHeads: 32,
  positions: 32768,
  beginning: undefined,
  end: [],
};
const gemmaDefaults: Defaults = {
  vocabulary: 256000,
  hidden: 2304,
  inner: 9216,
  layers: 26,
  heads: 8,
  keyValueHeads: 4,
  head: 256,
  positions: 8192,
  epsilon: 1e-6,
  beginning: 2,
  end: [1],
  padding: 0,
  tied: 'yes',
};

type Tokens = ModelConfig['tokens'];

/** What every family but GPT-2 spells alike. */
interface Common {
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

function readTokens(reader: ConfigReader, defaults: Pick<Defaults, 'beginning' | 'end' | 'padding'>): Tokens {
  const padding = reader.integerOrNull('pad_token_id', defaults.padding, { minimum: -1, maximum: 2 ** 31 });
  return {
    beginning: reader.integerOrNull('bos_token_id', defaults.beginning, ranges.token),
    end: reader.tokenIds('eos_token_id', defaults.end),
    padding: padding === -1 ? undefined : padding,
  };
}

function readDtype(reader: ConfigReader): string | undefined {
  return reader.optionalText('dtype') ?? reader.optionalText('torch_dtype');
}

function headSizeOf(reader: ConfigReader, hidden: number, heads: number, key: string): number {
  if (hidden % heads !== 0) throw reader.refuse(key, `is ${heads}, which does not divide the hidden size ${hidden}`);
  return hidden / heads;
}

function readCommon(reader: ConfigReader, defaults: Defaults): Common {
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

function readActivation(reader: ConfigReader, key: string, fallback: string): Activation {
  const name = reader.optionalText(key) ?? fallback;
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined) throw reader.unsupported(key, `the activation "${name}"`);
  return activation;
}

/** `rope_scaling` (older spelling) goes before `rope_parameters`, as in transformers. An empty object says nothing. */
function ropeParameters(reader: ConfigReader): ConfigReader | undefined {
  return [reader.optionalObject('rope_scaling'), reader.optionalObject('rope_parameters')].find(
    (parameters) => parameters !== undefined && parameters.keys().length > 0,
  );
}

function readRotary(reader: ConfigReader, common: Common): ParsedRotary {
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
function readSlidingLayers(
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
function llamaLike(
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

function withWindows(config: ModelConfig, windows: (layer: number) => number | undefined): ModelConfig {
  return { ...config, layers: config.layers.map((layer, i) => ({ ...layer, window: windows(i) })) };
}

function readWindow(reader: ConfigReader, fallback: number | undefined): number | undefined {
  return reader.integerOrNull('sliding_window', fallback, ranges.positions);
}

function parseLlama(reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, llamaDefaults);
  const attention = reader.flag('attention_bias', 'no');
  return {
    ...llamaLike('llama', reader, common, readRotary(reader, common), llamaDefaults.epsilon),
    biases: { queryKeyValue: attention, attentionOutput: attention, mlp: reader.flag('mlp_bias', 'no') },
  };
}

function parseMistral(reader: ConfigReader): ModelConfig {
  const defaults = { ...llamaDefaults, inner: 14336, keyValueHeads: 8, positions: 4096 * 32 };
  const common = readCommon(reader, defaults);
  const window = readWindow(reader, 4096);
  const kinds = readSlidingLayers(reader, common.layerCount, () =>
    window === undefined ? 'full_attention' : 'sliding_attention',
  );
  if (new Set(kinds).size > 1 || (kinds[0] === 'sliding_attention') !== (window !== undefined))
    throw reader.unsupported('layer_types', 'windows on some layers only');
  const config = llamaLike('mistral', reader, common, readRotary(reader, common), defaults.epsilon);
  return withWindows(config, () => window);
}

function parseQwen(family: 'qwen2' | 'qwen3', reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, family === 'qwen3' ? { ...qwenDefaults, head: 128 } : qwenDefaults);
  const window = reader.flag('use_sliding_window', 'no') ? readWindow(reader, 4096) : undefined;
  const firstSliding = reader.integer('max_window_layers', 28, { minimum: 0, maximum: 2 ** 20 });
  const kinds = readSlidingLayers(reader, common.layerCount, (layer) =>
    window !== undefined && layer >= firstSliding ? 'sliding_attention' : 'full_attention',
  );
  if (window === undefined && kinds.includes('sliding_attention'))
    throw reader.refuse('layer_types', 'has sliding layers, but use_sliding_window and sliding_window give no window');
  const config = llamaLike(family, reader, common, readRotary(reader, common), qwenDefaults.epsilon);
  const attention = family === 'qwen3' && reader.flag('attention_bias', 'no');
  return {
    ...withWindows(config, (layer) => (kinds[layer] === 'sliding_attention' ? window : undefined)),
    // Qwen 2 has biases on q, k and v that its configuration does not mention.
    biases: { queryKeyValue: family === 'qwen2' || attention, attentionOutput: attention, mlp: false },
    queryKeyNorm: family === 'qwen3' ? 'head' : 'none',
  };
}

function parseOlmo2(reader: ConfigReader): ModelConfig {
  const defaults = {
    ...llamaDefaults,
    vocabulary: 50304,
    epsilon: 1e-5,
    beginning: undefined,
    end: [50279],
    padding: 1,
  };
  const common = readCommon(reader, defaults);
  const attention = reader.flag('attention_bias', 'no');
  return {
    ...llamaLike('olmo2', reader, common, readRotary(reader, common), defaults.epsilon),
    biases: { queryKeyValue: attention, attentionOutput: attention, mlp: false },
    queryKeyNorm: 'full',
  };
}

function parsePhi3(reader: ConfigReader): ModelConfig {
  const defaults: Defaults = {
    ...llamaDefaults,
    vocabulary: 32064,
    hidden: 3072,
    inner: 8192,
    positions: 4096,
    epsilon: 1e-5,
    end: [32000],
    padding: 32000,
  };
  const common = readCommon(reader, defaults);
  const rope = parseRotary(
    ropeParameters(reader),
    {
      headSize: common.headSize,
      maximumPositions: common.maximumPositions,
      theta: reader.number('rope_theta', 10000, ranges.theta),
      partial: reader.number('partial_rotary_factor', 1, { minimum: 0, maximum: 1 }),
      partialAllowed: 'yes',
      originalLength: {
        value: reader.integer('original_max_position_embeddings', 4096, ranges.positions),
        overrules: 'yes',
      },
      // Early Phi-3 files say "su" or "yarn" and mean longrope.
      longropeNames: ['longrope', 'su', 'yarn'],
    },
    reader,
  );
  const window = readWindow(reader, undefined);
  return withWindows(llamaLike('phi3', reader, common, rope, defaults.epsilon), () => window);
}

function gemmaLike(
  family: 'gemma2' | 'gemma3_text',
  reader: ConfigReader,
  common: Common,
  rope: { readonly full: Rotary; readonly sliding: Rotary; readonly lengthLimit: number | undefined },
  period: number,
): ModelConfig {
  if (reader.flag('use_bidirectional_attention', 'no'))
    throw reader.unsupported('use_bidirectional_attention', 'attention to later tokens');
  const attention = reader.flag('attention_bias', 'no');
  const scale = reader.number('query_pre_attn_scalar', 256, ranges.scalar) ** -0.5;
  const kinds = readSlidingLayers(reader, common.layerCount, (layer) =>
    (layer + 1) % period === 0 ? 'full_attention' : 'sliding_attention',
  );
  const window = readWindow(reader, 4096);
  if (window === undefined && kinds.includes('sliding_attention'))
    throw reader.refuse('sliding_window', 'is null, but some layers slide');
  const base = llamaLike(family, reader, common, { rotary: rope.full, lengthLimit: rope.lengthLimit }, 1e-6);
  return {
    ...base,
    activation: readActivation(reader, 'hidden_activation', 'gelu_pytorch_tanh'),
    norm: { ...base.norm, weightOffset: 1 },
    biases: { queryKeyValue: attention, attentionOutput: attention, mlp: false },
    layers: kinds.map((kind) =>
      kind === 'sliding_attention'
        ? { window, rotary: rope.sliding, attentionScale: scale }
        : { window: undefined, rotary: rope.full, attentionScale: scale },
    ),
    embeddingScale: Math.fround(Math.sqrt(common.hiddenSize)),
  };
}

function parseGemma2(reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, gemmaDefaults);
  const { rotary, lengthLimit } = readRotary(reader, common);
  return {
    ...gemmaLike('gemma2', reader, common, { full: rotary, sliding: rotary, lengthLimit }, 2),
    attentionSoftCap: reader.numberOrNull('attn_logit_softcapping', 50, ranges.cap),
    logitSoftCap: reader.numberOrNull('final_logit_softcapping', 30, ranges.cap),
  };
}

function parseGemma3(reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, { ...gemmaDefaults, vocabulary: 262208, positions: 131072 });
  const nested = reader.optionalObject('rope_parameters');
  if (nested !== undefined && !nested.has('full_attention') && !nested.has('sliding_attention') && nested.keys().length)
    throw reader.unsupported('rope_parameters', 'one rotary embedding for local and global layers');
  const shape = (theta: number) => ({
    headSize: common.headSize,
    maximumPositions: common.maximumPositions,
    theta,
    partial: 1,
    partialAllowed: 'no' as const,
    originalLength: { value: common.maximumPositions, overrules: 'no' as const },
    longropeNames: ['longrope'],
  });
  // The older spelling scales the global layers only.
  const full = parseRotary(
    nested?.optionalObject('full_attention') ?? reader.optionalObject('rope_scaling'),
    shape(reader.number('rope_theta', 1e6, ranges.theta)),
    reader,
  );
  const sliding = parseRotary(
    nested?.optionalObject('sliding_attention'),
    shape(reader.number('rope_local_base_freq', 1e4, ranges.theta)),
    reader,
  );
  if (reader.has('attn_logit_softcapping'))
    throw reader.unsupported('attn_logit_softcapping', 'soft caps on attention in Gemma 3');
  const limits = [full.lengthLimit, sliding.lengthLimit].filter((limit) => limit !== undefined);
  const period = reader.integer('sliding_window_pattern', 6, { minimum: 1, maximum: 1024 });
  const rope = {
    full: full.rotary,
    sliding: sliding.rotary,
    lengthLimit: limits.length > 0 ? Math.min(...limits) : undefined,
  };
  return {
    ...gemmaLike('gemma3_text', reader, common, rope, period),
    queryKeyNorm: 'head',
    logitSoftCap: reader.numberOrNull('final_logit_softcapping', undefined, ranges.cap),
  };
}

function parseGptNeox(reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, {
    vocabulary: 50432,
    hidden: 6144,
    inner: 24576,
    layers: 44,
    heads: 64,
    keyValueHeads: undefined,
    head: undefined,
    positions: 2048,
    epsilon: 1e-5,
    beginning: 0,
    end: [2],
    padding: undefined,
    tied: 'no',
  });
  if (common.keyValueHeadCount !== common.headCount)
    throw reader.unsupported('num_key_value_heads', 'grouped queries in GPT-NeoX');
  if (common.headSize * common.headCount !== common.hiddenSize)
    throw reader.unsupported('head_dim', 'a head size apart from hidden_size in GPT-NeoX');
  const rope = parseRotary(
    ropeParameters(reader),
    {
      headSize: common.headSize,
      maximumPositions: common.maximumPositions,
      theta: reader.number('rotary_emb_base', reader.number('rope_theta', 10000, ranges.theta), ranges.theta),
      partial: reader.number('rotary_pct', 0.25, { minimum: 0, maximum: 1 }),
      partialAllowed: 'yes',
      originalLength: { value: common.maximumPositions, overrules: 'no' },
      longropeNames: ['longrope'],
    },
    reader,
  );
  const attention = reader.flag('attention_bias', 'yes');
  return {
    ...llamaLike('gpt_neox', reader, common, rope, 1e-5),
    activation: readActivation(reader, 'hidden_act', 'gelu'),
    norm: { kind: 'layer', epsilon: reader.number('layer_norm_eps', 1e-5, ranges.epsilon), weightOffset: 0 },
    biases: { queryKeyValue: attention, attentionOutput: attention, mlp: true },
    residual: reader.flag('use_parallel_residual', 'yes') ? 'parallel' : 'sequential',
  };
}

function parseGpt2(reader: ConfigReader): ModelConfig {
  // Keys of GPT-2 have a second, general name; the first that is present counts.
  const integer = (own: string, general: string, fallback: number, range: Range): number =>
    reader.optionalInteger(own, range) ?? reader.integer(general, fallback, range);
  const hiddenSize = integer('n_embd', 'hidden_size', 768, ranges.width);
  const headCount = integer('n_head', 'num_attention_heads', 12, ranges.heads);
  const maximumPositions = integer('n_positions', 'max_position_embeddings', 1024, { minimum: 1, maximum: 2 ** 22 });
  const headSize = headSizeOf(reader, hiddenSize, headCount, 'n_head');
  if (reader.flag('add_cross_attention', 'no')) throw reader.unsupported('add_cross_attention', 'cross attention');
  const scale = reader.flag('scale_attn_weights', 'yes') ? headSize ** -0.5 : 1;
  const byLayer = reader.flag('scale_attn_by_inverse_layer_idx', 'no');
  const layers = Array.from({ length: integer('n_layer', 'num_hidden_layers', 12, ranges.layers) }, (_, layer) => ({
    window: undefined,
    rotary: undefined,
    attentionScale: byLayer ? scale / (layer + 1) : scale,
  }));
  return {
    family: 'gpt2',
    vocabularySize: reader.integer('vocab_size', 50257, ranges.vocabulary),
    hiddenSize,
    intermediateSize: integer('n_inner', 'intermediate_size', 4 * hiddenSize, ranges.inner),
    headCount,
    keyValueHeadCount: headCount,
    headSize,
    layers,
    maximumPositions,
    lengthLimit: maximumPositions,
    activation: readActivation(reader, 'activation_function', 'gelu_new'),
    norm: { kind: 'layer', epsilon: reader.number('layer_norm_epsilon', 1e-5, ranges.epsilon), weightOffset: 0 },
    biases: { queryKeyValue: true, attentionOutput: true, mlp: true },
    queryKeyNorm: 'none',
    residual: 'sequential',
    attentionSoftCap: undefined,
    logitSoftCap: undefined,
    embeddingScale: 1,
    tiedEmbeddings: reader.flag('tie_word_embeddings', 'yes'),
    initializerRange: reader.number('initializer_range', 0.02, ranges.deviation),
    tokens: readTokens(reader, { beginning: 50256, end: [50256], padding: undefined }),
    dtype: readDtype(reader),
  };
}

export const familyParsers: { readonly [F in ModelFamily]: (reader: ConfigReader) => ModelConfig } = {
  llama: parseLlama,
  mistral: parseMistral,
  qwen2: (reader) => parseQwen('qwen2', reader),
  qwen3: (reader) => parseQwen('qwen3', reader),
  gpt2: parseGpt2,
  gpt_neox: parseGptNeox,
  phi3: parsePhi3,
  gemma2: parseGemma2,
  gemma3_text: parseGemma3,
  olmo2: parseOlmo2,
};
