/** Gemma 2 and the text part of Gemma 3; defaults are those of transformers' configuration classes. */
import type { ModelConfig, Rotary } from '../../modelConfig';
import type { ConfigReader } from './configReader';
import { parseRotary } from './parseRotary';
import {
  type Common,
  type Defaults,
  llamaLike,
  ranges,
  readActivation,
  readCommon,
  readRotary,
  readSlidingLayers,
  readWindow,
} from './shared';

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

export function parseGemma2(reader: ConfigReader): ModelConfig {
  const common = readCommon(reader, gemmaDefaults);
  const { rotary, lengthLimit } = readRotary(reader, common);
  return {
    ...gemmaLike('gemma2', reader, common, { full: rotary, sliding: rotary, lengthLimit }, 2),
    attentionSoftCap: reader.numberOrNull('attn_logit_softcapping', 50, ranges.cap),
    logitSoftCap: reader.numberOrNull('final_logit_softcapping', 30, ranges.cap),
  };
}

export function parseGemma3(reader: ConfigReader): ModelConfig {
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
