import assert from 'node:assert/strict';
import { buildAdjointStep } from '../../../../src/analyses/influence/exact/buildAdjointStep';
import { initialLora } from '../../../../src/analyses/training/initialLora';
import { trainableLora } from '../../../../src/analyses/training/trainable';
import { trainableModel } from '../../../../src/analyses/training/trainingModel';
import { planMemory } from '../../../../src/graph/planMemory';
import { verify } from '../../../../src/graph/verify';
import { openCheckpoint } from '../../../../src/model/checkpoint/openCheckpoint';
import { parseModelConfig } from '../../../../src/model/parseModelConfig';

const shape = { batch: 8, length: 64, trained: 128 };

describe('the graph of one pass seen from behind', () => {
  for (const method of ['lora', 'full'] as const)
    it(`${method}: is sound, and holds much less where activations are recomputed`, async () => {
      const { config: json } = await openCheckpoint('test/fixtures/models/llama');
      // The first and last layers gain nothing.
      const config = parseModelConfig({ ...json, num_hidden_layers: 8 }, 'config.json');
      const settings = { r: 4, alpha: 8, targets: 'all-linear', init: 'peft', dropout: 0 } as const;
      const trainable =
        method === 'full'
          ? trainableModel(config)
          : trainableLora(initialLora(config, settings, 1), new Map()).trainable;
      const held = buildAdjointStep(config, trainable, shape, 'held');
      const recomputed = buildAdjointStep(config, trainable, shape, 'recomputed');
      for (const graph of [held, recomputed]) assert.deepEqual(verify(graph), []);
      assert.ok(recomputed.nodes.length > held.nodes.length);
      const share = planMemory(recomputed).residentBytes / planMemory(held).residentBytes;
      assert.ok(share < 0.5, `${share} of the bytes`);
    });
});
