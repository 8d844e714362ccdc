import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readSafetensorsHeader } from '../../../src/data/safetensors/safetensorsHeader';
import { float32Tensor, pyTorchMetadata, writeSafetensors } from '../../../src/data/safetensors/writeSafetensors';
import { readLoraAdapter } from '../../../src/model/checkpoint/lora/readLoraAdapter';
import { newLoraConfig, writeLoraAdapter } from '../../../src/model/checkpoint/lora/writeLoraAdapter';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { readStoredTensor } from '../../../src/model/checkpoint/readStoredTensor';
import { readTensorFloat32 } from '../../../src/model/checkpoint/readTensor';
import { shapeOf } from '../../../src/model/checkpoint/requireTensors';
import type { LoraAdapter, LoraModule } from '../../../src/model/checkpoint/types';

const folder = 'test/fixtures/adapters';

async function baseShapes(model: string): Promise<Map<string, readonly number[]>> {
  const { tensors } = await openCheckpoint(`test/fixtures/models/${model}`);
  return new Map([...tensors].map(([name, tensor]) => [name, shapeOf(tensor)]));
}

/** scaling * B A at [output, input], in double precision. */
function delta({ a, b, rank, scaling }: LoraModule, output: number, input: number): number {
  let sum = 0;
  for (let r = 0; r < rank; r += 1) sum += b.data[output * rank + r]! * a.data[r * a.shape[1]! + input]!;
  return scaling * sum;
}

interface PeftReference {
  readonly base: string;
  readonly modules: Record<string, { rank: number; scaling: number; delta: number[] }>;
}

const made = [
  'rank-patterns-rslora',
  'head-saved',
  'embed-saved',
  'norm-saved',
  'head-target',
  'regex-layers',
  'layers',
];
const peftCases = [...made, 'exclude', 'bias-lora-only', 'gpt2-bias-all'];

describe('LoRA adapters', () => {
  for (const name of peftCases) {
    it(`${name}: modules, ranks, scalings and deltas are those of peft`, async () => {
      const reference: PeftReference = JSON.parse(readFileSync(`${folder}/${name}/reference.json`, 'utf8'));
      const adapter = await readLoraAdapter(`${folder}/${name}`, await baseShapes(reference.base));
      assert.deepEqual([...adapter.modules.keys()].sort(), Object.keys(reference.modules).sort());
      for (const [module, expected] of Object.entries(reference.modules)) {
        const found = adapter.modules.get(module)!;
        assert.equal(found.rank, expected.rank);
        assert.ok(Math.abs(found.scaling - expected.scaling) < 1e-12);
        expected.delta.forEach((value, index) => {
          // The first elements of the matrix as it lies: Conv1D has its inputs in rows.
          const [output, input] = reference.base === 'gpt2' ? [index, 0] : [0, index];
          // peft multiplies in float32.
          assert.ok(Math.abs(delta(found, output, input) - value) < 1e-6, `${module} ${index}`);
        });
      }
    });
  }

  const replaced: Record<string, { names: string[]; tiedHead: LoraAdapter['tiedHead'] }> = {
    'head-saved': { names: ['lm_head.weight'], tiedHead: 'replaced' },
    'embed-saved': { names: ['model.embed_tokens.weight'], tiedHead: 'keepsBaseEmbedding' },
    // peft saves the base's own head beside an adapted one; here that is the tied embedding, unchanged.
    'head-target': { names: ['model.embed_tokens.weight'], tiedHead: 'asInBase' },
    'norm-saved': {
      names: ['model.layers.0.input_layernorm.weight', 'model.layers.1.input_layernorm.weight'],
      tiedHead: 'asInBase',
    },
    'bias-lora-only': {
      names: ['model.layers.0.self_attn.q_proj.bias', 'model.layers.1.self_attn.q_proj.bias'],
      tiedHead: 'asInBase',
    },
  };
  for (const [name, expected] of Object.entries(replaced)) {
    it(`${name}: parameters saved whole are named as in the base`, async () => {
      const { base }: PeftReference = JSON.parse(readFileSync(`${folder}/${name}/reference.json`, 'utf8'));
      const adapter = await readLoraAdapter(`${folder}/${name}`, await baseShapes(base));
      assert.deepEqual([...adapter.replaced.keys()].sort(), expected.names);
      assert.equal(adapter.tiedHead, expected.tiedHead);
    });
  }

  it('a trained bias of every kind is found', async () => {
    const adapter = await readLoraAdapter(`${folder}/gpt2-bias-all`, await baseShapes('gpt2'));
    const biases = [...(await baseShapes('gpt2')).keys()].filter((name) => name.endsWith('.bias'));
    assert.deepEqual([...adapter.replaced.keys()].sort(), biases.sort());
  });

  for (const [name, model] of [
    ['llama-lora-qv', 'llama'],
    ['gpt2-lora-c_attn', 'gpt2'],
  ] as const) {
    it(`${name}: base plus delta is the merged matrix of the reference`, async () => {
      const adapter = await readLoraAdapter(`${folder}/${name}`, await baseShapes(model));
      const checkpoint = await openCheckpoint(`test/fixtures/models/${model}`);
      const { tensors } = await readSafetensorsHeader(`${folder}/${name}/reference.safetensors`);
      const merged = [...tensors.values()].filter((location) => location.name.startsWith('merged.'));
      assert.ok(merged.length > 0);
      for (const location of merged) {
        const parameter = location.name.slice('merged.'.length);
        const module = adapter.modules.get(parameter.replace(/\.weight$/, ''))!;
        const base = await readStoredTensor(checkpoint.tensors.get(parameter)!);
        const expected = await readTensorFloat32(location);
        const columns = location.shape[1]!;
        expected.forEach((value, index) => {
          const [row, column] = [Math.floor(index / columns), index % columns];
          const [output, input] = model === 'gpt2' ? [column, row] : [row, column];
          assert.ok(Math.abs(base[index]! + delta(module, output, input) - value) < 1e-6);
        });
      }
    });
  }

  describe('refusals', () => {
    let scratch: string;
    beforeEach(() => {
      scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-lora-'));
      cpSync(`${folder}/llama-lora-qv`, scratch, { recursive: true });
    });
    afterEach(() => rmSync(scratch, { recursive: true }));

    function changeConfig(changes: Record<string, unknown>): void {
      const file = path.join(scratch, 'adapter_config.json');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }));
    }

    async function expectRefusal(code: string): Promise<void> {
      await assert.rejects(readLoraAdapter(scratch, await baseShapes('llama')), { name: 'UserError', code });
    }

    const configs: Record<string, [Record<string, unknown>, string]> = {
      DoRA: [{ use_dora: true }, 'adapter-feature-unsupported'],
      'another adapter type': [{ peft_type: 'IA3' }, 'adapter-type-unsupported'],
      'an initialisation that changes the base': [{ init_lora_weights: 'pissa' }, 'adapter-feature-unsupported'],
      'a target that has no tensors': [{ target_modules: ['q_proj', 'v_proj', 'k_proj'] }, 'adapter-missing-tensor'],
      'tensors that no target names': [{ target_modules: ['q_proj'] }, 'adapter-unmatched-tensor'],
      'a target that is nowhere': [{ target_modules: ['query'] }, 'adapter-no-targets'],
      'another rank': [{ r: 8 }, 'adapter-wrong-shape'],
      'an absurd rank': [{ r: 1e9 }, 'adapter-config'],
      'a module saved whole that is not there': [{ modules_to_save: ['lm_head'] }, 'adapter-missing-tensor'],
      'an embedding as target': [
        { target_modules: ['q_proj', 'v_proj', 'embed_tokens'] },
        'adapter-feature-unsupported',
      ],
      'a pattern that never ends': [{ target_modules: '(?:(?:[a-z_.0-9]+)+)+!' }, 'adapter-pattern'],
      'a rank pattern that never ends': [{ rank_pattern: { '(?:(?:[a-z_.0-9]+)+)+!': 4 } }, 'adapter-pattern'],
      'a pattern that is none': [{ target_modules: '(' }, 'adapter-pattern'],
      'a list of something else': [{ target_modules: [1] }, 'adapter-config'],
    };
    for (const [what, [changes, code]] of Object.entries(configs)) {
      it(what, async () => {
        changeConfig(changes);
        await expectRefusal(code);
      });
    }

    it('a pattern that names the same modules is as good as the list', async () => {
      changeConfig({ target_modules: String.raw`model\.layers\.\d+\.self_attn\.(?P<part>q|v)_proj` });
      assert.equal((await readLoraAdapter(scratch, await baseShapes('llama'))).modules.size, 4);
    });

    it('magnitudes of DoRA without its setting', async () => {
      cpSync(`${folder}/dora`, scratch, { recursive: true });
      changeConfig({ use_dora: false });
      await expectRefusal('adapter-feature-unsupported');
    });

    it('a pickle, with how to save it instead', async () => {
      rmSync(path.join(scratch, 'adapter_model.safetensors'));
      writeFileSync(path.join(scratch, 'adapter_model.bin'), 'x');
      await expectRefusal('adapter-pickled');
    });

    it('the wrong base', async () => {
      await assert.rejects(readLoraAdapter(scratch, await baseShapes('gpt2')), { code: 'adapter-no-targets' });
    });

    it('values that are not numbers', async () => {
      const file = path.join(scratch, 'adapter_model.safetensors');
      const { tensors } = await readSafetensorsHeader(file);
      const broken = [...tensors.values()].map(({ name, shape, byteLength }) =>
        float32Tensor(name, shape, new Float32Array(byteLength / 4).fill(Number.NaN)),
      );
      await writeSafetensors(file, broken, pyTorchMetadata);
      await expectRefusal('weights-not-finite');
    });
  });

  it('written again, every adapter of peft has the same tensors under the same names', async () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-lora-'));
    try {
      for (const name of peftCases) {
        const { base }: PeftReference = JSON.parse(readFileSync(`${folder}/${name}/reference.json`, 'utf8'));
        const adapter = await readLoraAdapter(`${folder}/${name}`, await baseShapes(base));
        await writeLoraAdapter(path.join(scratch, name), adapter);
        const bytes = readFileSync(path.join(scratch, name, 'adapter_model.safetensors'));
        assert.ok(bytes.equals(readFileSync(`${folder}/${name}/adapter_model.safetensors`)), name);
      }
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  it('a new adapter is read back as it was written', async () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'whence-lora-'));
    try {
      const module: LoraModule = {
        module: 'model.layers.1.self_attn.k_proj',
        rank: 2,
        scaling: 1.5,
        a: { shape: [2, 48], data: Float32Array.from({ length: 96 }, (_, index) => index / 7) },
        b: { shape: [24, 2], data: Float32Array.from({ length: 48 }, (_, index) => -index / 3) },
      };
      const config = newLoraConfig({
        rank: 2,
        alpha: 3,
        dropout: 0,
        targetModules: [module.module],
        baseModelNameOrPath: 'base',
        baseLayout: 'linear',
      });
      const modules = new Map([[module.module, module]]);
      await writeLoraAdapter(scratch, { config, modules, replaced: new Map(), savedNames: new Map() });
      assert.deepEqual(readdirSync(scratch).sort(), ['adapter_config.json', 'adapter_model.safetensors']);
      const adapter = await readLoraAdapter(scratch, await baseShapes('llama'));
      assert.deepEqual([...adapter.modules.values()], [module]);
      assert.deepEqual(adapter.config, config);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
