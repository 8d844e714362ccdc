import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { affordableTokenRows } from '../../../src/analyses/influence/tokens/affordableTokenRows';
import { parseModelConfig } from '../../../src/model/parseModelConfig';
import type { JsonObject } from '../../../src/protocol/json';

const file = 'samples/assistant/models/base/config.json';
const config = JSON.parse(readFileSync(file, 'utf8')) as JsonObject;
const small = parseModelConfig(config, file);
const wide = parseModelConfig(
  {
    ...config,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 24,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    head_dim: 64,
  },
  file,
);
const rows = (tokens: number) => [{ ids: new Int32Array(tokens) }];

describe('rows whose tokens are scored', () => {
  it('are many on a small model and few on a large one, but never none', () => {
    assert.deepEqual(affordableTokenRows(rows(40), small), { top: 50, bottom: 50 });
    assert.deepEqual(affordableTokenRows(rows(40), wide), { top: 3, bottom: 1 });
  });

  it('are fewer where rows are longer', () => {
    const counts = [10, 1000, 5000, 20_000].map((tokens) => affordableTokenRows(rows(tokens), small).top);
    assert.deepEqual(
      [...counts].sort((a, b) => b - a),
      counts,
    );
    assert.ok(counts.at(-1)! < counts[0]!);
  });
});
