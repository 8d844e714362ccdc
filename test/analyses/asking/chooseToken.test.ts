import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseToken } from '../../../src/analyses/asking/chooseToken';
import { createRandom } from '../../../src/linalg/random';

const logits = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('chooseToken', () => {
  it('greedy takes the first of the largest logits', () => {
    const random = createRandom(0, 'unused');
    assert.equal(chooseToken(Float32Array.of(1, 3, 3, 2), { kind: 'greedy' }, random).id, 1);
  });

  it('gives log p at temperature 1, whatever the temperature of sampling', () => {
    fc.assert(
      fc.property(logits, fc.double({ min: 0.1, max: 5, noNaN: true }), fc.nat(1000), (values, temperature, seed) => {
        const sampling = { kind: 'sampled', temperature, topP: 1, seed } as const;
        const found = chooseToken(Float32Array.from(values), sampling, createRandom(seed, 'test'));
        const float = Array.from(Float32Array.from(values));
        const most = Math.max(...float);
        const normaliser = most + Math.log(float.reduce((sum, value) => sum + Math.exp(value - most), 0));
        assert.ok(Math.abs(found.logProbability - (float[found.id]! - normaliser)) < 1e-9);
      }),
    );
  });

  it('never leaves the smallest set of likeliest tokens that reaches top p', () => {
    fc.assert(
      fc.property(logits, fc.double({ min: 0.05, max: 1, noNaN: true }), fc.nat(1000), (values, topP, seed) => {
        const float = Float32Array.from(values);
        const { id } = chooseToken(float, { kind: 'sampled', temperature: 1, topP, seed }, createRandom(seed, 'test'));
        const weights = Array.from(float, (value) => Math.exp(value));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const likelier = weights.filter((weight) => weight > weights[id]!).reduce((sum, weight) => sum + weight, 0);
        // What is strictly likelier does not reach the bound alone, or the token would not be needed.
        assert.ok(likelier < topP * total * (1 + 1e-9));
      }),
    );
  });

  it('draws tokens as often as their probability says', () => {
    const random = createRandom(7, 'frequencies');
    const counts = [0, 0, 0];
    const probabilities = [0.5, 0.3, 0.2];
    const values = Float32Array.from(probabilities, Math.log);
    const draws = 20_000;
    const sampling = { kind: 'sampled', temperature: 1, topP: 1, seed: 7 } as const;
    for (let i = 0; i < draws; i += 1) counts[chooseToken(values, sampling, random).id]! += 1;
    // Five standard deviations of a binomial count.
    for (const [id, p] of probabilities.entries()) {
      assert.ok(Math.abs(counts[id]! - draws * p) < 5 * Math.sqrt(draws * p * (1 - p)));
    }
  });
});
