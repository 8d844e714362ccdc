import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { frozenWeights } from '../../../src/analyses/training/frozenWeights';
import { parseModelConfig } from '../../../src/model/parseModelConfig';

const config = parseModelConfig(
  JSON.parse(readFileSync('test/fixtures/models/llama/config.json', 'utf8')),
  'config.json',
);
const trainable = (method: 'lora' | 'full') => ({ method, lora: [], shapes: new Map() });
const shape = { batch: 2, length: 8, trained: 8 };

describe('frozenWeights', () => {
  it('are packed for LoRA on a small model and stay mapped where every weight is trained', () => {
    const packed = frozenWeights(config, trainable('lora'), [shape]);
    assert.equal(packed.kind, 'packed');
    // Once for each direction of reading.
    assert.equal(packed.bytesOfSession % 8, 0);
    assert.ok(packed.bytesOfSession > 8 * config.vocabularySize * config.hiddenSize);
    assert.deepEqual(frozenWeights(config, trainable('full'), [shape]), { kind: 'mapped', bytesOfSession: 0 });
  });

  it('stay mapped where the copies of all sessions would take more than 2 GiB', () => {
    const large = { ...config, vocabularySize: Math.floor(2 ** 31 / 12 / config.hiddenSize) };
    assert.equal(frozenWeights(large, trainable('lora'), [shape]).kind, 'packed');
    assert.equal(frozenWeights(large, trainable('lora'), [shape, { ...shape, length: 16 }]).kind, 'mapped');
  });
});
