/** config.json in one form: spellings, defaults, refusals. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { parameterShapes } from '../../../src/model/parameterShapes';
import { parseModelConfig } from '../../../src/model/parseModelConfig';
import { UserError } from '../../../src/protocol/errors';
import type { JsonObject, JsonValue } from '../../../src/protocol/json';

const parse = (config: JsonObject) => parseModelConfig(config, 'config.json');

const llama: JsonObject = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 96,
  num_attention_heads: 4,
  num_hidden_layers: 3,
  vocab_size: 100,
};

function refuses(config: JsonObject, code: string, ...fragments: readonly string[]): void {
  assert.throws(
    () => parse(config),
    (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code);
      for (const fragment of [...fragments, 'config.json'])
        assert.ok(`${error.message} ${error.next}`.includes(fragment), `${error.message} lacks ${fragment}`);
      return true;
    },
  );
}

describe('config.json', () => {
  it('both spellings of rotary scaling mean the same', () => {
    const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 64 };
    const older = parse({
      ...llama,
      rope_theta: 5e5,
      rope_scaling: { ...scaling, type: 'llama3' },
      torch_dtype: 'bfloat16',
    });
    const newer = parse({
      ...llama,
      rope_parameters: { ...scaling, rope_type: 'llama3', rope_theta: 5e5 },
      dtype: 'bfloat16',
    });
    assert.deepEqual(older, newer);
  });

  it('missing keys take the defaults of transformers', () => {
    const bare = parse({ model_type: 'llama' });
    assert.deepEqual(
      [bare.vocabularySize, bare.hiddenSize, bare.layers.length, bare.keyValueHeadCount, bare.maximumPositions],
      [32000, 4096, 32, 32, 2048],
    );
    assert.equal(bare.tiedEmbeddings, false);
    assert.equal(parse({ model_type: 'mistral' }).layers[0]!.window, 4096);
    assert.equal(parse({ model_type: 'mistral', sliding_window: null }).layers[0]!.window, undefined);
    assert.equal(parse({ model_type: 'qwen3' }).headSize, 128);
    assert.equal(parse({ model_type: 'qwen2' }).biases.queryKeyValue, true);
    assert.equal(parse({ model_type: 'gpt2' }).intermediateSize, 3072);
    assert.equal(parse({ model_type: 'gpt2' }).tiedEmbeddings, true);
    assert.equal(parse({ model_type: 'gpt_neox' }).layers[0]!.rotary!.frequencies.length, 12);
    const gemma = parse({ model_type: 'gemma2' });
    assert.deepEqual([gemma.attentionSoftCap, gemma.logitSoftCap], [50, 30]);
    assert.deepEqual(
      gemma.layers.slice(0, 3).map(({ window }) => window),
      [4096, undefined, 4096],
    );
  });

  it('a gemma3 configuration gives its text part with the whole model’s end tokens', () => {
    const config = parse({
      model_type: 'gemma3',
      eos_token_id: [1, 106],
      text_config: {
        hidden_size: 2560,
        num_hidden_layers: 8,
        rope_scaling: { factor: 8, rope_type: 'linear' },
        sliding_window: 1024,
      },
    });
    assert.equal(config.family, 'gemma3_text');
    assert.deepEqual(config.tokens.end, [1, 106]);
    assert.deepEqual(
      config.layers.map(({ window }) => window),
      [1024, 1024, 1024, 1024, 1024, undefined, 1024, 1024],
    );
    // The first pair turns one radian a position, on global layers an eighth of it.
    assert.deepEqual([config.layers[0]!.rotary!.frequencies[0], config.layers[5]!.rotary!.frequencies[0]], [1, 1 / 8]);
  });

  it('unknown model types are refused with what is supported', () => {
    refuses({ model_type: 'mamba' }, 'model-unsupported', 'mamba', 'llama', 'gemma3');
    refuses({}, 'model-unsupported', 'model_type is missing');
  });

  it('what would change the computation and is not built is refused by its key', () => {
    const cases: readonly (readonly [JsonObject, string])[] = [
      [{ ...llama, quantization_config: { bits: 4 } }, 'quantization_config'],
      [{ ...llama, rope_scaling: { type: 'proportional', factor: 2 } }, 'type'],
      [{ ...llama, hidden_act: 'xielu' }, 'hidden_act'],
      [{ ...llama, partial_rotary_factor: 0.5, rope_scaling: { type: 'linear', factor: 2 } }, 'partial_rotary_factor'],
      [{ ...llama, residual_multiplier: 0.22 }, 'residual_multiplier'],
      [{ ...llama, attn_logit_softcapping: 50 }, 'attn_logit_softcapping'],
      [{ model_type: 'gemma2', use_bidirectional_attention: true }, 'use_bidirectional_attention'],
      [{ model_type: 'gemma3_text', attn_logit_softcapping: 20 }, 'attn_logit_softcapping'],
      [{ model_type: 'gpt2', add_cross_attention: true }, 'add_cross_attention'],
      [{ model_type: 'qwen3', num_hidden_layers: 1, layer_types: ['linear_attention'] }, 'layer_types'],
      [
        { model_type: 'mistral', num_hidden_layers: 2, layer_types: ['full_attention', 'sliding_attention'] },
        'layer_types',
      ],
    ];
    for (const [config, key] of cases) refuses(config, 'model-unsupported', key);
  });

  it('numbers out of range and contradictions are refused by their key', () => {
    const cases: readonly (readonly [JsonObject, string])[] = [
      [{ ...llama, hidden_size: 1e12 }, 'hidden_size'],
      [{ ...llama, hidden_size: -64 }, 'hidden_size'],
      [{ ...llama, hidden_size: 64.5 }, 'hidden_size'],
      [{ ...llama, hidden_size: '64' }, 'hidden_size'],
      [{ ...llama, num_hidden_layers: 1e6 }, 'num_hidden_layers'],
      [{ ...llama, num_attention_heads: 5 }, 'num_attention_heads'],
      [{ ...llama, num_key_value_heads: 3 }, 'num_key_value_heads'],
      [{ ...llama, head_dim: 7 }, 'head_dim'],
      [{ ...llama, rms_norm_eps: 0 }, 'rms_norm_eps'],
      [{ ...llama, rope_theta: 0 }, 'rope_theta'],
      [{ ...llama, rope_scaling: { type: 'linear' } }, 'factor'],
      [{ ...llama, eos_token_id: 'x' }, 'eos_token_id'],
      [{ ...llama, tie_word_embeddings: 'yes' }, 'tie_word_embeddings'],
      [{ model_type: 'phi3', rope_scaling: { type: 'su', short_factor: [1], long_factor: [1] } }, 'short_factor'],
      [{ model_type: 'gemma2', num_hidden_layers: 3, layer_types: ['full_attention'] }, 'layer_types'],
      [{ model_type: 'gemma3' }, 'text_config'],
    ];
    for (const [config, key] of cases) refuses(config, 'model-config', key);
  });

  it('whatever stands in a configuration, it is parsed or refused with a message', () => {
    const configs = ['models', 'architectures'].flatMap((group) =>
      readdirSync(path.join('test/fixtures', group)).map(
        (name) =>
          JSON.parse(readFileSync(path.join('test/fixtures', group, name, 'config.json'), 'utf8')) as JsonObject,
      ),
    );
    const keys = [...new Set(configs.flatMap((config) => Object.keys(config)))];
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.double(),
      fc.integer({ min: -2, max: 100 }),
      fc.constantFrom('default', 'linear', 'yarn', 'llama3', 'longrope', 'dynamic', 'full_attention'),
      fc.record({
        rope_type: fc.constantFrom('yarn', 'llama3', 'linear'),
        factor: fc.double(),
        rope_theta: fc.double(),
      }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...configs),
        fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 3 }),
        (config, changes) => {
          try {
            const parsed = parse({ ...config, ...(changes as Record<string, JsonValue>) });
            for (const { rotary, attentionScale } of parsed.layers)
              assert.ok([attentionScale, ...(rotary?.frequencies ?? [])].every(Number.isFinite));
            for (const shape of parameterShapes(parsed).values())
              assert.ok(shape.every((extent) => Number.isInteger(extent) && extent > 0));
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
          }
        },
      ),
      { numRuns: 2000, seed: 11 },
    );
  });
});
