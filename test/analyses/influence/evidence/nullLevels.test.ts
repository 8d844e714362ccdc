import assert from 'node:assert/strict';
import { nullLevels, rowThreshold } from '../../../../src/analyses/influence/evidence/nullLevels';
import { createRandom } from '../../../../src/linalg/random';

const rows = 1000;

/** Queries whose scores are of very different sizes. */
function noise(queries: number, seed: number): Float32Array {
  const random = createRandom(seed, 'scores');
  return Float32Array.from({ length: queries * rows }, (_, i) => random.normal() * 10 ** (Math.floor(i / rows) % 4));
}

describe('null', () => {
  const changes = Array.from({ length: 20 }, (_, i) => i - 10);

  it('lets one row in a hundred pass, whatever the size of a query', () => {
    const levels = nullLevels(noise(20, 1), changes)!;
    for (let q = 0; q < 4; q++) {
      const scores = noise(4, 2).subarray(q * rows, (q + 1) * rows);
      const passed = scores.filter((score) => score > rowThreshold(levels, scores)).length;
      assert.ok(passed >= 2 && passed <= 25, `${passed} rows`);
    }
  });

  it('lets one control in twenty count as changed', () => {
    const { change } = nullLevels(noise(20, 1), changes)!;
    assert.equal(changes.filter((value) => value > change).length, 1);
  });

  it('counts nothing as changed that became less likely', () => {
    assert.equal(
      nullLevels(
        noise(20, 1),
        changes.map((value) => value - 100),
      )!.change,
      0,
    );
  });

  it('says nothing of too few controls', () => {
    assert.equal(nullLevels(noise(7, 1), changes.slice(0, 7)), undefined);
  });
});
