import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describeBase } from '../../../src/model/checkpoint/lora/baseModules';
import { parseLoraConfig } from '../../../src/model/checkpoint/lora/loraConfig';
import { findReplaced } from '../../../src/model/checkpoint/lora/replacedParameters';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import { requireTensors } from '../../../src/model/checkpoint/requireTensors';
import { parameterShapes } from '../../../src/model/parameterShapes';
import { parseModelConfig } from '../../../src/model/parseModelConfig';

const models = [
  ...['models', 'architectures'].flatMap((folder) =>
    readdirSync(`test/fixtures/${folder}`).map((name) => `test/fixtures/${folder}/${name}`),
  ),
  ...['F32', 'F16', 'Q8_0', 'Q4_0', 'Q4_1'].map((type) => `test/fixtures/gguf/llama-${type}.gguf`),
];

describe('checkpoints and architectures agree', () => {
  for (const model of models) {
    it(`${model} holds every parameter of its config, and nothing else`, async () => {
      const checkpoint = await openCheckpoint(model);
      requireTensors(checkpoint, parameterShapes(parseModelConfig(checkpoint.config, model)));
    });
  }

  for (const [stored, adapterName] of [
    ['base_model.model.embed_out.weight', 'embed_out.weight'],
    ['base_model.model.lm_head.weight', 'lm_head.weight'],
  ] as const) {
    it(`the head of GPT-NeoX is known to adapters as ${adapterName} too`, async () => {
      const { config } = await openCheckpoint('test/fixtures/models/gpt_neox');
      const base = describeBase(parameterShapes(parseModelConfig(config, 'gpt_neox')), [stored]);
      const modulesToSave = [adapterName.replace('.weight', '')];
      const lora = parseLoraConfig('a', { peft_type: 'LORA', modules_to_save: modulesToSave });
      const replaced = findReplaced(lora, base, new Map()).filter(({ presence }) => presence === 'required');
      assert.deepEqual(
        replaced.map(({ parameter, names }) => [parameter, names]),
        [['embed_out.weight', [adapterName]]],
      );
    });
  }
});
