/** Families of the Llama block; defaults are those of transformers' configuration classes. */
import type { ModelConfig } from '../../modelConfig';
import type { ConfigReader } from './configReader';
import { parseRotary } from './parseRotary';
import {
  type Defaults,
  llamaLike,
  ranges,
  readCommon,
  readRotary,
  readSlidingLayers,
  readWindow,
  ropeParameters,
  withWindows,
} from './shared';

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
export function parseLlama(reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, llamaDefaults);
  const attention = reader.flag('attention_bias', 'no');
  return {
    ...llamaLike('llama', reader, common, readRotary(reader, common), llamaDefaults.epsilon),
    biases: { queryKeyValue: attention, attentionOutput: attention, mlp: reader.flag('mlp_bias', 'no') },
  };
}

export function parseMistral(reader: ConfigReader): ModelConfig {
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

export function parseQwen(family: 'qwen2' | 'qwen3', reader: ConfigReader): ModelConfig {
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

export function parseOlmo2(reader: ConfigReader): ModelConfig {
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

export function parsePhi3(reader: ConfigReader): ModelConfig {
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
