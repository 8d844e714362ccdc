import assert from 'node:assert/strict';
import fc from 'fast-check';
import { add, array, compileSimd, div, local, mul, scalar, sqrt, sub } from '../../src/linalg/simdKernel';

describe('compileSimd', () => {
  it('computes every element in float32, bit for bit, whatever the length', () => {
    // y = (x s + y) / sqrt(x x + t) - x, and x = x s
    const kernel = compileSimd({
      arrays: 2,
      scalars: 2,
      locals: [mul(array(0), scalar(0))],
      results: [
        {
          array: 1,
          value: sub(div(add(local(0), array(1)), sqrt(add(mul(array(0), array(0)), scalar(1)))), array(0)),
        },
        { array: 0, value: local(0) },
      ],
    });
    const f = Math.fround;
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 3, 4, 5, 8191, 8192, 8193, 20_000),
        fc.float({ noNaN: true, min: -8, max: 8 }),
        fc.float({ noNaN: true, min: Math.fround(0.01), max: 8 }),
        fc.integer({ min: 0, max: 1000 }),
        (length, s, t, seed) => {
          const x = Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9 + seed) * 3);
          const y = Float32Array.from({ length }, (_, i) => Math.cos(i * 7.3 + seed));
          const expectedX = x.map((value) => f(value * s));
          const expectedY = x.map((value, i) =>
            f(f(f(expectedX[i]! + y[i]!) / f(Math.sqrt(f(f(value * value) + t)))) - value),
          );
          kernel([x, y], [s, t]);
          assert.deepEqual(x, expectedX);
          assert.deepEqual(y, expectedY);
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it('refuses arrays of different lengths', () => {
    const kernel = compileSimd({ arrays: 2, scalars: 0, locals: [], results: [{ array: 0, value: array(1) }] });
    assert.throws(() => kernel([new Float32Array(3), new Float32Array(4)], []), /internal/);
  });
});
