import assert from 'node:assert/strict';
import { drawTargets } from '../../../src/analyses/passes/drawTargets';
import { GraphBuilder } from '../../../src/graph/builder';
import { encode } from '../../../src/graph/encode';
import { createRandom } from '../../../src/linalg/random';
import { openSession } from '../../../src/runtime/openSession';
import { weightsRoot } from '../../../src/runtime/weightsRoot';

async function draw(logits: Float32Array, uniforms: Float32Array): Promise<BigInt64Array> {
  const places = uniforms.length;
  const builder = new GraphBuilder();
  const targets = drawTargets(
    builder,
    builder.input('logits', 'float32', [places, logits.length / places]),
    builder.input('uniforms', 'float32', [places, 1]),
  );
  const graph = builder.finish([{ name: 'targets', value: targets }]);
  const encoded = encode(graph, () => assert.fail('no parameters'));
  const session = await openSession(encoded, {
    device: 'cpu',
    threads: 1,
    weightsFolder: weightsRoot([]).folder,
    weights: 'mapped',
    workspace: 'returned',
    profile: 'off',
  });
  const found = await session.run({ logits, uniforms });
  await session.release();
  return found.targets as BigInt64Array;
}

describe('tokens drawn in the graph', () => {
  for (const vocabulary of [3, 256, 1000]) {
    it(`are where the cumulative distribution of ${vocabulary} tokens passes the uniform`, async () => {
      const places = 200;
      const random = createRandom(1, 'draw');
      const logits = Float32Array.from({ length: places * vocabulary }, () => 3 * random.normal());
      const uniforms = Float32Array.from({ length: places }, () => Math.min(1 - 2 ** -24, random.uniform()));
      const targets = await draw(logits, uniforms);
      for (let place = 0; place < places; place++) {
        const weights = [...logits.subarray(place * vocabulary, (place + 1) * vocabulary)].map(Math.exp);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const target = Number(targets[place]);
        const before = weights.slice(0, target).reduce((sum, weight) => sum + weight, 0) / total;
        const after = before + weights[target]! / total;
        assert.ok(before - 1e-5 <= uniforms[place]! && uniforms[place]! <= after + 1e-5);
      }
    });
  }

  it('stay in the vocabulary at both ends, whatever the probabilities', async () => {
    const logits = new Float32Array(2 * 300).fill(-200);
    logits[7] = 50;
    logits[300 + 299] = 50;
    assert.deepEqual([...(await draw(logits, Float32Array.of(1 - 2 ** -24, 0)))], [7n, 299n]);
  });
});
