import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { float32Tensor, pyTorchMetadata, writeSafetensors } from '../../../src/data/safetensors/writeSafetensors';
import { hashCheckpoint } from '../../../src/model/checkpoint/hashCheckpoint';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { readTensorFloat32 } from '../../../src/model/checkpoint/readTensor';
import { shapeOf } from '../../../src/model/checkpoint/requireTensors';
import type { Checkpoint, MappedWeights } from '../../../src/model/checkpoint/types';
import { companionFiles, writeCheckpoint } from '../../../src/model/checkpoint/writeCheckpoint';

async function assertSameValues(checkpoint: Checkpoint, weights: MappedWeights): Promise<void> {
  assert.deepEqual([...weights.keys()].sort(), [...checkpoint.tensors.keys()].sort());
  for (const [name, tensor] of checkpoint.tensors) {
    const location = weights.get(name)!;
    assert.equal(location.dtype, 'F32');
    assert.deepEqual(location.shape, shapeOf(tensor));
    assert.deepEqual(await readTensorFloat32(location), await readStoredTensor(tensor), name);
  }
}

const none = () => undefined;

describe('mapWeights', () => {
  let scratch: string;
  let cache: string;
  beforeEach(() => {
    scratch = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'whence-map-')));
    cache = path.join(scratch, 'cache');
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  it('float32 weights stay where they are; nothing is copied', async () => {
    const checkpoint = await openCheckpoint('test/fixtures/models/llama');
    const weights = await mapWeights(checkpoint, cache, none);
    await assertSameValues(checkpoint, weights);
    const original = realpathSync('test/fixtures/models/llama/model.safetensors');
    assert.deepEqual([...new Set([...weights.values()].map(({ file }) => file))], [original]);
    assert.deepEqual(
      readdirSync(cache).flatMap((key) => readdirSync(path.join(cache, key))),
      ['checked'],
    );
  });

  for (const type of ['F16', 'Q4_1', 'F32']) {
    it(`${type} weights of a GGUF file are converted once and found again`, async () => {
      const checkpoint = await openCheckpoint(`test/fixtures/gguf/llama-${type}.gguf`);
      const steps: number[] = [];
      const weights = await mapWeights(checkpoint, cache, ({ done, total }) => steps.push(done / total));
      await assertSameValues(checkpoint, weights);
      assert.equal(steps.length, checkpoint.tensors.size);
      assert.equal(steps.at(-1), 1);
      steps.length = 0;
      assert.deepEqual(await mapWeights(checkpoint, cache, ({ done }) => steps.push(done)), weights);
      assert.deepEqual(steps, []);
    });
  }

  it('several at once give the same files and leave nothing half-written', async () => {
    const checkpoint = await openCheckpoint('test/fixtures/gguf/llama-Q8_0.gguf');
    const all = await Promise.all(Array.from({ length: 4 }, () => mapWeights(checkpoint, cache, none)));
    for (const weights of all) assert.deepEqual(weights, all[0]);
    await assertSameValues(checkpoint, all[0]!);
    const names = readdirSync(cache).flatMap((key) => readdirSync(path.join(cache, key)));
    assert.deepEqual(names.sort(), ['checked', 'weights.safetensors']);
  });

  it('a damaged cache file is made again', async () => {
    const checkpoint = await openCheckpoint('test/fixtures/gguf/llama-Q8_0.gguf');
    await mapWeights(checkpoint, cache, none);
    const file = path.join(cache, readdirSync(cache)[0]!, 'weights.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 5000));
    await assertSameValues(checkpoint, await mapWeights(checkpoint, cache, none));
  });

  it('weights that are not finite are refused by name, and no cache is left', async () => {
    const model = path.join(scratch, 'model');
    cpSync('test/fixtures/models/llama', model, { recursive: true });
    const checkpoint = await openCheckpoint(model);
    const tensors = [];
    for (const [name, tensor] of checkpoint.tensors) {
      const values = await readStoredTensor(tensor);
      if (name === 'model.norm.weight') values[3] = Number.NaN;
      tensors.push(float32Tensor(name, shapeOf(tensor), values));
    }
    await writeSafetensors(path.join(model, 'model.safetensors'), tensors, pyTorchMetadata);
    const broken = await openCheckpoint(model);
    await assert.rejects(mapWeights(broken, cache, none), {
      code: 'weights-not-finite',
      message: /model\.norm\.weight/,
    });
    assert.deepEqual(
      readdirSync(cache).flatMap((key) => readdirSync(path.join(cache, key))),
      [],
    );
  });

  it('the hash is that of config and values, not of files; a changed file has another', async () => {
    const checkpoint = await openCheckpoint('test/fixtures/models/llama');
    const hash = await hashCheckpoint(checkpoint, cache);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.equal(await hashCheckpoint(checkpoint, cache), hash);
    const model = path.join(scratch, 'model');
    cpSync('test/fixtures/models/llama', model, { recursive: true });
    assert.equal(await hashCheckpoint(await openCheckpoint(model), cache), hash);
    const file = path.join(model, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    assert.notEqual(await hashCheckpoint(await openCheckpoint(model), cache), hash);
  });

  it('numbers that transformers wants as floats are written as floats', async () => {
    const { config } = await openCheckpoint('test/fixtures/models/llama');
    const capped = { ...config, attn_logit_softcapping: 50, final_logit_softcapping: 30, query_pre_attn_scalar: 8 };
    const out = path.join(scratch, 'capped');
    await writeCheckpoint(out, capped, [], []);
    const text = readFileSync(path.join(out, 'config.json'), 'utf8');
    assert.match(text, /"attn_logit_softcapping": 50\.0,\n/);
    assert.match(text, /"final_logit_softcapping": 30\.0,\n/);
    assert.match(text, /"query_pre_attn_scalar": 8,\n/);
  });

  for (const model of ['llama', 'gpt2', 'gpt_neox', 'qwen2']) {
    it(`${model}: a written folder has the same parameters under the names of its first files`, async () => {
      const original = `test/fixtures/models/${model}`;
      const checkpoint = await openCheckpoint(original);
      const tensors = [];
      for (const [name, tensor] of checkpoint.tensors) {
        tensors.push(float32Tensor(name, shapeOf(tensor), await readStoredTensor(tensor)));
      }
      if (model === 'llama') tensors.push(float32Tensor('lm_head.weight', [1], new Float32Array(1)));
      writeFileSync(path.join(scratch, 'tokenizer.json'), '{}');
      const out = path.join(scratch, 'out');
      await writeCheckpoint(out, checkpoint.config, tensors, companionFiles(scratch));
      assert.deepEqual(readdirSync(out).sort(), ['config.json', 'model.safetensors', 'tokenizer.json']);
      assert.ok(
        readFileSync(path.join(out, 'model.safetensors')).equals(readFileSync(`${original}/model.safetensors`)),
      );
      const written = (await openCheckpoint(out)).config;
      assert.equal(written.dtype ?? written.torch_dtype, 'float32');
    });
  }
});
