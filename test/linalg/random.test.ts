import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRandom, shuffled } from '../../src/linalg/random';

describe('createRandom', () => {
  it('equal seeds and streams give equal numbers; another seed or stream gives others', () => {
    const draw = (seed: number, stream: string) => Array.from({ length: 20 }, createRandom(seed, stream).uint32);
    assert.deepEqual(draw(7, 'order'), draw(7, 'order'));
    for (const [seed, stream] of [
      [8, 'order'],
      [7, 'lora'],
      [7 + 2 ** 40, 'order'],
      [-7, 'order'],
    ] as const)
      assert.notDeepEqual(draw(7, 'order'), draw(seed, stream));
  });

  it('uniform and normal numbers have the moments of their distributions', () => {
    // 100,000 draws: the mean's standard error is 0.001 (uniform) and 0.003 (normal); six of them are allowed.
    const random = createRandom(3, 'moments');
    const count = 100_000;
    const uniform = Array.from({ length: count }, random.uniform);
    assert.ok(uniform.every((value) => value >= 0 && value < 1));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / count;
    assert.ok(Math.abs(mean(uniform) - 0.5) < 0.006);
    const normal = Array.from({ length: count }, random.normal);
    assert.ok(Math.abs(mean(normal)) < 0.02);
    assert.ok(Math.abs(mean(normal.map((value) => value * value)) - 1) < 0.03);
  });

  it('integers stay below their bound and reach every value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (bound, seed) => {
        const random = createRandom(seed, 'integer');
        const seen = new Set(Array.from({ length: 400 }, () => random.integer(bound)));
        assert.deepEqual(
          [...seen].sort((a, b) => a - b),
          [...Array(bound).keys()],
        );
      }),
      { numRuns: 30, seed: 1 },
    );
  });
});

describe('shuffled', () => {
  it('is a permutation, and every place is equally likely', () => {
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    const random = createRandom(1, 'shuffle');
    for (let run = 0; run < 8000; run++) {
      const order = shuffled([0, 1, 2, 3], random);
      assert.deepEqual([...order].sort(), [0, 1, 2, 3]);
      for (const [place, item] of order.entries()) counts[item]![place]! += 1;
    }
    // 2,000 expected in each cell, standard deviation 39.
    for (const count of counts.flat()) assert.ok(Math.abs(count - 2000) < 240, `${count}`);
  });
});
