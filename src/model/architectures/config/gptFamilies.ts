/** GPT-2 and GPT-NeoX; defaults are those of transformers' configuration classes. */
import type { ModelConfig } from '../../modelConfig';
import type { ConfigReader, Range } from './configReader';
import { parseRotary } from './parseRotary';
import {
  headSizeOf,
  llamaLike,
  ranges,
  readActivation,
  readCommon,
  readDtype,
  readTokens,
  ropeParameters,
} from './shared';

export function parseGptNeox(reader: ConfigReader): ModelConfig {
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

export function parseGpt2(reader: ConfigReader): ModelConfig {
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
