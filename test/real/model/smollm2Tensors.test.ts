import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readGgufHeader } from '../../../src/model/checkpoint/gguf/readGgufHeader';
import { readGgufTensor } from '../../../src/model/checkpoint/gguf/readGgufTensor';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { readTensorFloat32 } from '../../../src/model/checkpoint/readTensor';

const model = process.env.WHENCE_SMOLLM2 ?? '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf';

interface Reference {
  readonly tensors: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape_rows_columns: readonly number[];
    readonly sum: number;
    readonly row_0: readonly number[];
    readonly sha256_of_float32_little_endian: string;
  }[];
}

describe('SmolLM2-135M-Instruct Q4_1', () => {
  before(() => {
    assert.ok(existsSync(model), `${model} is missing: run npm run model:smollm2`);
  });

  it('tensors have the bits of the reference, as they lie in the file', async () => {
    const reference: Reference = JSON.parse(readFileSync('test/fixtures/smollm2-tensors-reference.json', 'utf8'));
    const { tensors, file } = await readGgufHeader(model);
    for (const expected of reference.tensors) {
      const tensor = tensors.get(expected.name)!;
      assert.equal(tensor.type, expected.type);
      assert.deepEqual(tensor.shape, expected.shape_rows_columns);
      const values = await readGgufTensor({ kind: 'gguf', ...tensor, file, layout: { kind: 'asIs' } });
      assert.deepEqual([...values.subarray(0, expected.row_0.length)], expected.row_0);
      assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) - expected.sum) < 1e-9 * values.length);
      const digest = createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
      assert.equal(digest, expected.sha256_of_float32_little_endian, expected.name);
    }
  });

  it('becomes a llama model whose mapped weights are the de-quantised tensors', async () => {
    const cache = mkdtempSync(path.join(os.tmpdir(), 'whence-smollm2-'));
    try {
      const checkpoint = await openCheckpoint(model);
      const { model_type, num_hidden_layers, num_key_value_heads, head_dim, rope_theta, rms_norm_eps } =
        checkpoint.config;
      assert.deepEqual(
        [model_type, num_hidden_layers, num_key_value_heads, head_dim, rope_theta, rms_norm_eps],
        ['llama', 30, 3, 64, 100_000, 1e-5],
      );
      assert.equal(checkpoint.config.tie_word_embeddings, true);
      const weights = await mapWeights(checkpoint, cache, () => undefined);
      for (const name of ['model.layers.7.self_attn.k_proj.weight', 'model.layers.29.mlp.down_proj.weight']) {
        const stored = await readStoredTensor(checkpoint.tensors.get(name)!);
        assert.deepEqual(await readTensorFloat32(weights.get(name)!), stored);
      }
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
});
