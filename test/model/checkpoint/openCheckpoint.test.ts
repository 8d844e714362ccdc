import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { float32Tensor, pyTorchMetadata, writeSafetensors } from '../../../src/data/safetensors/writeSafetensors';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { requireTensors, shapeOf } from '../../../src/model/checkpoint/requireTensors';
import type { Checkpoint } from '../../../src/model/checkpoint/types';
import { UserError } from '../../../src/protocol/errors';
import type { JsonObject } from '../../../src/protocol/json';

const forms = 'test/fixtures/checkpoint-forms';
const expected: { forms: Record<string, { expect: 'same' | 'refuse' }> } = JSON.parse(
  readFileSync(`${forms}/expected.json`, 'utf8'),
);

function shapesOf(checkpoint: Checkpoint): Map<string, readonly number[]> {
  return new Map([...checkpoint.tensors].map(([name, tensor]) => [name, shapeOf(tensor)]));
}

async function valuesOf(checkpoint: Checkpoint): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of checkpoint.tensors) values.set(name, await readStoredTensor(tensor));
  return values;
}

/** The tensors of a fixture under other names, as files to write. */
async function renamed(model: string, rename: (name: string) => string) {
  const values = await valuesOf(await openCheckpoint(model));
  const shapes = shapesOf(await openCheckpoint(model));
  return [...values].map(([name, data]) => float32Tensor(rename(name), shapes.get(name)!, data));
}

describe('openCheckpoint', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-checkpoint-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  for (const [name, { expect }] of Object.entries(expected.forms)) {
    it(`${name}: ${expect === 'same' ? 'the same parameters as "plain"' : 'refused'}`, async () => {
      const plain = await openCheckpoint(`${forms}/plain`);
      const load = async () => {
        const checkpoint = await openCheckpoint(`${forms}/${name}`);
        requireTensors(checkpoint, shapesOf(plain));
        return valuesOf(checkpoint);
      };
      if (expect === 'refuse') {
        await assert.rejects(load, (error) => error instanceof UserError && error.message.includes('model.layers.0'));
      } else {
        assert.deepEqual(sorted(await load()), sorted(await valuesOf(plain)));
      }
    });
  }

  function sorted(values: Map<string, Float32Array>) {
    return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  it('an extra tensor is refused and named', async () => {
    const checkpoint = await openCheckpoint(`${forms}/plain`);
    const shapes = shapesOf(checkpoint);
    shapes.delete('model.norm.weight');
    assert.throws(() => requireTensors(checkpoint, shapes), {
      code: 'checkpoint-extra-tensors',
      message: /model\.norm/,
    });
  });

  it('old GPT-2 files, without prefix and with mask buffers, have the parameters of new ones', async () => {
    const model = 'test/fixtures/models/gpt2';
    cpSync(`${model}/config.json`, path.join(scratch, 'config.json'));
    const tensors = await renamed(model, (name) => name.replace(/^transformer\./, ''));
    tensors.push(float32Tensor('h.0.attn.bias', [1, 1, 2, 2], Float32Array.of(1, 0, 1, 1)));
    tensors.push(float32Tensor('h.1.attn.masked_bias', [], Float32Array.of(-1e4)));
    await writeSafetensors(path.join(scratch, 'model.safetensors'), tensors, pyTorchMetadata);
    requireTensors(await openCheckpoint(scratch), shapesOf(await openCheckpoint(model)));
  });

  for (const [age, prefix, images] of [
    ['files', 'language_model.model.', 'vision_tower.'],
    ['newer memory', 'model.language_model.', 'model.vision_tower.'],
  ] as const) {
    it(`Gemma 3 with images, named as in ${age}: the text part is the model, and says so`, async () => {
      const model = 'test/fixtures/architectures/gemma3';
      const text = JSON.parse(readFileSync(`${model}/config.json`, 'utf8')) as JsonObject;
      const { eos_token_id: end, ...rest } = text;
      const whole = { model_type: 'gemma3', eos_token_id: [end, 7], text_config: rest, vision_config: {} };
      writeFileSync(path.join(scratch, 'config.json'), JSON.stringify(whole));
      const tensors = await renamed(model, (name) => name.replace(/^model\./, prefix));
      tensors.push(float32Tensor(`${images}head.probe`, [1], Float32Array.of(1)));
      tensors.push(float32Tensor('multi_modal_projector.mm_soft_emb_norm.weight', [1], Float32Array.of(1)));
      await writeSafetensors(path.join(scratch, 'model.safetensors'), tensors, pyTorchMetadata);
      const opened = await openCheckpoint(scratch);
      requireTensors(opened, shapesOf(await openCheckpoint(model)));
      assert.deepEqual(opened.config, {
        ...rest,
        model_type: 'gemma3_text',
        architectures: ['Gemma3ForCausalLM'],
        eos_token_id: [end, 7],
      });
      assert.deepEqual(
        opened.warnings.map(({ code }) => code),
        ['text-part'],
      );
    });
  }

  it('a tied head that differs from the embedding is refused', async () => {
    cpSync(`${forms}/plain/config.json`, path.join(scratch, 'config.json'));
    const tensors = await renamed(`${forms}/plain`, (name) => name);
    const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
    tensors.push(float32Tensor('lm_head.weight', embedding.shape, new Float32Array(40 * 16)));
    await writeSafetensors(path.join(scratch, 'model.safetensors'), tensors, pyTorchMetadata);
    await assert.rejects(openCheckpoint(scratch), { code: 'tied-head-differs' });
  });

  describe('shards', () => {
    const model = `${forms}/plain`;
    const indexName = 'model.safetensors.index.json';

    async function writeShards(folder: string): Promise<Record<string, string>> {
      mkdirSync(folder, { recursive: true });
      cpSync(`${model}/config.json`, path.join(folder, 'config.json'));
      const tensors = await renamed(model, (name) => name);
      const half = Math.floor(tensors.length / 2);
      const parts = { 'model-1.safetensors': tensors.slice(0, half), 'model-2.safetensors': tensors.slice(half) };
      const weightMap: Record<string, string> = {};
      for (const [file, part] of Object.entries(parts)) {
        await writeSafetensors(path.join(folder, file), part, pyTorchMetadata);
        for (const { name } of part) weightMap[name] = file;
      }
      writeIndex(folder, weightMap);
      return weightMap;
    }

    function writeIndex(folder: string, weightMap: Record<string, string>): void {
      writeFileSync(path.join(folder, indexName), JSON.stringify({ metadata: {}, weight_map: weightMap }));
    }

    it('give the parameters of the single file', async () => {
      await writeShards(scratch);
      requireTensors(await openCheckpoint(scratch), shapesOf(await openCheckpoint(model)));
    });

    it('reached through links, as in a Hugging Face cache, are located at their real path', async () => {
      const blobs = path.join(scratch, 'blobs');
      const snapshot = path.join(scratch, 'snapshots', 'abc');
      await writeShards(snapshot);
      mkdirSync(blobs);
      for (const name of ['config.json', indexName, 'model-1.safetensors', 'model-2.safetensors']) {
        renameSync(path.join(snapshot, name), path.join(blobs, name));
        symlinkSync(path.join('..', '..', 'blobs', name), path.join(snapshot, name));
      }
      const checkpoint = await openCheckpoint(snapshot);
      for (const tensor of checkpoint.tensors.values()) {
        assert.ok(tensor.kind === 'plain');
        assert.equal(path.basename(path.dirname(tensor.location.file)), 'blobs');
      }
    });

    const tricks: Record<string, (weightMap: Record<string, string>) => void> = {
      'a file that is not there': (map) => {
        map['model.norm.weight'] = 'model-3.safetensors';
      },
      'a tensor that is not there': (map) => {
        map['model.layers.7.mlp.up_proj.weight'] = 'model-1.safetensors';
      },
      'a tensor in another file than it lies in': (map) => {
        const name = Object.keys(map)[0]!;
        map[name] = map[name] === 'model-1.safetensors' ? 'model-2.safetensors' : 'model-1.safetensors';
      },
      'a file outside the folder': (map) => {
        map['model.norm.weight'] = '../plain/model.safetensors';
      },
      'an absolute file': (map) => {
        map['model.norm.weight'] = path.resolve(model, 'model.safetensors');
      },
    };
    for (const [what, change] of Object.entries(tricks)) {
      it(`an index that names ${what} is refused`, async () => {
        const weightMap = await writeShards(scratch);
        change(weightMap);
        writeIndex(scratch, weightMap);
        await assert.rejects(openCheckpoint(scratch), { code: 'checkpoint-index' });
      });
    }
  });

  const folders: Record<string, { files: Record<string, string>; code: string }> = {
    'an adapter': { files: { 'adapter_config.json': '{}' }, code: 'model-is-adapter' },
    'an empty folder': { files: {}, code: 'model-no-config' },
    'a config without weights': { files: { 'config.json': '{"model_type":"llama"}' }, code: 'checkpoint-no-weights' },
    'pickled weights': {
      files: { 'config.json': '{"model_type":"llama"}', 'pytorch_model.bin': 'x' },
      code: 'checkpoint-pickled',
    },
    'files without an index': {
      files: { 'config.json': '{"model_type":"llama"}', 'a.safetensors': 'x', 'b.safetensors': 'x' },
      code: 'checkpoint-no-index',
    },
    'a config of another kind': { files: { 'config.json': '[]' }, code: 'json-damaged' },
    'a config without a type': { files: { 'config.json': '{}' }, code: 'config-no-model-type' },
    'a deep config': { files: { 'config.json': `{"a":${'['.repeat(100_000)}` }, code: 'json-damaged' },
    'a key given twice': { files: { 'config.json': '{"a":1,"\\u0061":2}' }, code: 'json-damaged' },
    'a config that is not UTF-8': { files: { 'config.json': '{"a":"\u00ff"}' }, code: 'json-damaged' },
    'a pointer in place of the config': {
      files: { 'config.json': 'version https://git-lfs.github.com/spec/v1\n' },
      code: 'git-lfs-pointer',
    },
  };
  for (const [what, { files, code }] of Object.entries(folders)) {
    it(`${what} is refused with what to do`, async () => {
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(scratch, name), text, 'latin1');
      await assert.rejects(openCheckpoint(scratch), (error) => error instanceof UserError && error.code === code);
    });
  }
});
