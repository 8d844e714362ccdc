import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readSafetensorsHeader } from '../../../src/data/safetensors/safetensorsHeader';
import { readGgufHeader } from '../../../src/model/checkpoint/gguf/readGgufHeader';
import { readGgufTensor } from '../../../src/model/checkpoint/gguf/readGgufTensor';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { readTensorFloat32 } from '../../../src/model/checkpoint/readTensor';

const folder = 'test/fixtures/gguf';

function bitsOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

interface Reference {
  readonly config: Record<string, unknown>;
  readonly rope: { readonly rope_theta: number };
  readonly tensors: { hf_name: string; shape_rows_columns: number[] }[];
  readonly [key: string]: unknown;
}

describe('GGUF tensors', () => {
  for (const type of ['F32', 'F16', 'Q8_0', 'Q4_0', 'Q4_1']) {
    it(`llama-${type}: names, shapes, config and every bit of every tensor are the reference's`, async () => {
      const reference: Reference = JSON.parse(readFileSync(`${folder}/llama-${type}.reference.json`, 'utf8'));
      const stored = (await readSafetensorsHeader(`${folder}/llama-${type}.reference.safetensors`)).tensors;
      const checkpoint = await openCheckpoint(`${folder}/llama-${type}.gguf`);
      for (const [key, value] of Object.entries(reference.config)) assert.equal(checkpoint.config[key], value, key);
      assert.equal(checkpoint.config.rope_theta, reference.rope.rope_theta);
      assert.deepEqual([...checkpoint.tensors.keys()].sort(), reference.tensors.map(({ hf_name }) => hf_name).sort());
      const hashes = reference.sha256_of_float32_little_endian_rows as Record<string, string>;
      for (const { hf_name: name, shape_rows_columns: shape } of reference.tensors) {
        const tensor = checkpoint.tensors.get(name)!;
        assert.ok(tensor.kind === 'gguf');
        assert.deepEqual(tensor.shape, shape);
        const values = await readStoredTensor(tensor);
        assert.equal(createHash('sha256').update(bitsOf(values)).digest('hex'), hashes[name], name);
        const location = stored.get(`weight.${name}`);
        if (location !== undefined) assert.deepEqual(bitsOf(values), bitsOf(await readTensorFloat32(location)), name);
      }
    });
  }

  it('every block format gives the bits of the reference', async () => {
    const { tensors, file } = await readGgufHeader(`${folder}/tensors-k-quants.gguf`);
    const references = (await readSafetensorsHeader(`${folder}/tensors-k-quants.reference.safetensors`)).tensors;
    assert.deepEqual([...tensors.keys()].sort(), [...references.keys()].sort());
    assert.ok(tensors.size >= 12);
    for (const [name, tensor] of tensors) {
      const values = await readGgufTensor({ kind: 'gguf', ...tensor, file, layout: { kind: 'asIs' } });
      assert.deepEqual(
        bitsOf(values),
        bitsOf(await readTensorFloat32(references.get(name)!)),
        `${name} (${tensor.type})`,
      );
    }
  });
});
