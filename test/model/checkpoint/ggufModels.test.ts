import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { shapeOf } from '../../../src/model/checkpoint/requireTensors';
import { parseModelConfig } from '../../../src/model/parseModelConfig';
import { encodeGguf, float32Bytes, type GgufField, type GgufTensorToWrite } from '../../support/writeGguf';

/** A float32 tensor whose elements are `value(flat index)`. */
function tensor(name: string, shape: readonly number[], value: (index: number) => number): GgufTensorToWrite {
  const length = shape.reduce((product, axis) => product * axis, 1);
  return { name, shape, type: 0, bytes: float32Bytes(Float32Array.from({ length }, (_, index) => value(index))) };
}

const number = (value: number): GgufField => ({ type: 'uint32', value });
const real = (value: number): GgufField => ({ type: 'float32', value });
const text = (value: string): GgufField => ({ type: 'string', value });

/** Metadata that every llama-like architecture has. */
function common(architecture: string, more: Record<string, GgufField>): Record<string, GgufField> {
  const own: Record<string, GgufField> = {
    block_count: number(2),
    context_length: number(64),
    embedding_length: number(8),
    feed_forward_length: number(12),
    'attention.head_count': number(2),
    'attention.head_count_kv': number(1),
    'attention.layer_norm_rms_epsilon': real(1e-6),
    ...more,
  };
  const prefixed = Object.entries(own).map(([key, field]) => [`${architecture}.${key}`, field]);
  return { 'general.architecture': text(architecture), ...Object.fromEntries(prefixed) };
}

const embedding = tensor('token_embd.weight', [10, 8], (index) => index);

describe('GGUF models of other architectures', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-gguf-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  async function open(metadata: Record<string, GgufField>, tensors: readonly GgufTensorToWrite[]) {
    const file = path.join(scratch, 'model.gguf');
    writeFileSync(file, encodeGguf(metadata, tensors));
    const checkpoint = await openCheckpoint(file);
    // The config must be one that its architecture understands.
    parseModelConfig(checkpoint.config, file);
    return checkpoint;
  }

  it('GPT-2: Conv1D matrices get their inputs back into rows; a copied head is the tied one', async () => {
    const metadata = common('gpt2', { 'attention.layer_norm_epsilon': real(1e-5) });
    const checkpoint = await open(metadata, [
      embedding,
      { ...embedding, name: 'output.weight' },
      tensor('position_embd.weight', [64, 8], () => 0),
      tensor('blk.0.attn_qkv.weight', [3, 2], (index) => index),
      tensor('blk.0.attn_qkv.bias', [3], (index) => index),
    ]);
    const matrix = checkpoint.tensors.get('transformer.h.0.attn.c_attn.weight')!;
    assert.deepEqual(shapeOf(matrix), [2, 3]);
    assert.deepEqual([...(await readStoredTensor(matrix))], [0, 2, 4, 1, 3, 5]);
    assert.ok(checkpoint.tensors.has('transformer.wpe.weight'));
    assert.equal(checkpoint.tensors.has('lm_head.weight'), false);
    const { tie_word_embeddings, n_embd, n_inner, layer_norm_epsilon } = checkpoint.config;
    assert.deepEqual([tie_word_embeddings, n_embd, n_inner, layer_norm_epsilon], [true, 8, 12, 1e-5]);
  });

  it('GPT-NeoX: query, key and value of each head lie together again', async () => {
    const metadata = common('gptneox', {
      'attention.layer_norm_epsilon': real(1e-5),
      'rope.dimension_count': number(1),
      use_parallel_residual: { type: 'bool', value: 0 },
    });
    // Stored: q of head 0, q of head 1, k 0, k 1, v 0, v 1; two rows each, one column.
    const checkpoint = await open(metadata, [embedding, tensor('blk.1.attn_qkv.bias', [12], (index) => index)]);
    const bias = checkpoint.tensors.get('gpt_neox.layers.1.attention.query_key_value.bias')!;
    assert.deepEqual([...(await readStoredTensor(bias))], [0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]);
    const { rotary_pct, use_parallel_residual, model_type } = checkpoint.config;
    assert.deepEqual([rotary_pct, use_parallel_residual, model_type], [0.25, false, 'gpt_neox']);
  });

  it('Gemma 2 and 3: norms lose the one that was added, layers alternate', async () => {
    const norms = [
      embedding,
      tensor('output_norm.weight', [8], (index) => 1 + index),
      tensor('blk.0.post_ffw_norm.weight', [8], () => 1),
      tensor('blk.0.ffn_norm.weight', [8], () => 1.5),
    ];
    const second = await open(common('gemma2', { attn_logit_softcapping: real(50), block_count: number(4) }), norms);
    assert.deepEqual([...(await readStoredTensor(second.tensors.get('model.norm.weight')!))], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.ok(second.tensors.has('model.layers.0.post_feedforward_layernorm.weight'));
    assert.ok(second.tensors.has('model.layers.0.pre_feedforward_layernorm.weight'));
    const window = 'sliding_attention';
    const full = 'full_attention';
    assert.deepEqual(second.config.layer_types, [window, full, window, full]);
    assert.deepEqual([second.config.attn_logit_softcapping, second.config.query_pre_attn_scalar], [50, 4]);

    const settings = { block_count: number(6), 'attention.sliding_window': number(16) };
    const third = await open(common('gemma3', settings), [...norms, tensor('blk.0.attn_q_norm.weight', [4], () => 1)]);
    assert.deepEqual(third.config.layer_types, [window, window, window, window, window, full]);
    assert.deepEqual([third.config.sliding_window, third.config.rope_local_base_freq], [16, 10_000]);
    assert.ok(third.tensors.has('model.layers.0.self_attn.q_norm.weight'));
  });

  it('Qwen 2 and 3 keep their rows; biases and norms of queries are found', async () => {
    const rows = tensor('blk.0.attn_q.weight', [8, 8], (index) => index);
    const second = await open(common('qwen2', { 'rope.freq_base': real(1e6) }), [
      embedding,
      rows,
      tensor('blk.0.attn_q.bias', [8], (index) => index),
    ]);
    const values = await readStoredTensor(second.tensors.get('model.layers.0.self_attn.q_proj.weight')!);
    assert.ok(values.every((value, index) => value === index));
    assert.deepEqual([second.config.rope_theta, second.config.model_type], [1e6, 'qwen2']);
    const third = await open(
      common('qwen3', { 'attention.key_length': number(16), 'attention.value_length': number(16) }),
      [embedding, rows, tensor('blk.0.attn_k_norm.weight', [16], () => 1)],
    );
    assert.equal(third.config.head_dim, 16);
    assert.ok(third.tensors.has('model.layers.0.self_attn.k_norm.weight'));
  });

  it('Phi-3: fused matrices keep their names, long and short factors become the rope scaling', async () => {
    const metadata = common('phi3', {
      'rope.scaling.original_context_length': number(32),
      'rope.dimension_count': number(4),
      'attention.sliding_window': number(16),
    });
    const checkpoint = await open(metadata, [
      embedding,
      { ...embedding, name: 'output.weight' },
      tensor('blk.0.attn_qkv.weight', [16, 8], () => 0),
      tensor('blk.0.ffn_up.weight', [24, 8], () => 0),
      tensor('rope_factors_long.weight', [2], (index) => 2 + index),
      tensor('rope_factors_short.weight', [2], () => 1),
    ]);
    assert.ok(checkpoint.tensors.has('model.layers.0.self_attn.qkv_proj.weight'));
    assert.ok(checkpoint.tensors.has('model.layers.0.mlp.gate_up_proj.weight'));
    assert.deepEqual(checkpoint.config.rope_scaling, {
      rope_type: 'longrope',
      type: 'longrope',
      long_factor: [2, 3],
      short_factor: [1, 1],
    });
    assert.equal(checkpoint.config.original_max_position_embeddings, 32);
    assert.equal(checkpoint.config.tie_word_embeddings, false);
  });

  it('llama 3: the frequency factors are read back into the settings they were made from', async () => {
    // transformers' formula at head size 64, base 500,000, factor 32.
    const factors = Array.from({ length: 32 }, (_, index) => {
      const wavelength = 2 * Math.PI * 500_000 ** (index / 32);
      if (wavelength < 8192 / 4) return 1;
      if (wavelength > 8192) return 32;
      const smooth = (8192 / wavelength - 1) / 3;
      return 1 / ((1 - smooth) / 32 + smooth);
    });
    const metadata = common('llama', {
      'rope.freq_base': real(500_000),
      'attention.head_count': number(2),
      'attention.key_length': number(64),
      'attention.value_length': number(64),
    });
    const checkpoint = await open(metadata, [embedding, tensor('rope_freqs.weight', [32], (index) => factors[index]!)]);
    assert.deepEqual(checkpoint.config.rope_scaling, {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
    const odd = tensor('rope_freqs.weight', [32], (index) => 1 + index);
    await assert.rejects(open(metadata, [embedding, odd]), { code: 'gguf-config' });
  });

  it('a llama with a window is a Mistral', async () => {
    const { config } = await open(common('llama', { 'attention.sliding_window': number(16) }), [embedding]);
    assert.deepEqual([config.model_type, config.sliding_window], ['mistral', 16]);
  });

  it('linear and yarn scaling are taken over, others refused', async () => {
    const scaled = (type: string) =>
      common('llama', {
        'rope.scaling.type': text(type),
        'rope.scaling.factor': real(4),
        'rope.scaling.original_context_length': number(16),
      });
    assert.deepEqual((await open(scaled('linear'), [embedding])).config.rope_scaling, {
      rope_type: 'linear',
      factor: 4,
    });
    assert.deepEqual((await open(scaled('yarn'), [embedding])).config.rope_scaling, {
      rope_type: 'yarn',
      factor: 4,
      original_max_position_embeddings: 16,
    });
    await assert.rejects(open(scaled('other'), [embedding]), { code: 'gguf-config' });
  });

  it('what cannot be expressed is refused with its reason', async () => {
    await assert.rejects(open({ 'general.architecture': text('mamba') }, []), { code: 'gguf-architecture' });
    await assert.rejects(open({}, []), { code: 'gguf-architecture' });
    const metadata = common('llama', {});
    await assert.rejects(open(metadata, []), { code: 'gguf-config', message: /token_embd/ });
    await assert.rejects(open(metadata, [embedding, tensor('blk.0.extra.weight', [1], () => 0)]), {
      code: 'gguf-config',
    });
    await assert.rejects(open(metadata, [embedding, tensor('blk.0.attn_q.weight', [7, 8], () => 0)]), {
      code: 'gguf-config',
    });
    await assert.rejects(open({ ...metadata, 'split.count': number(2) }, [embedding]), { code: 'gguf-split' });
    await assert.rejects(open(metadata, [{ ...embedding, type: 16 }]), {
      code: 'gguf-type-unsupported',
      message: /IQ2_XXS/,
    });
  });
});
