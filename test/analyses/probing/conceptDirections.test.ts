import assert from 'node:assert/strict';
import { directionOf } from '../../../src/analyses/probing/conceptDirections';
import { createRandom } from '../../../src/linalg/random';

describe('concept directions', () => {
  const random = createRandom(2, 'test');
  const [each, width] = [40, 12];
  /** Positive rows lie `shift` further along the first coordinate; then rows to project at 0, 1/2 and 1 of the way. */
  const states = (shift: number): Float32Array => {
    const x = Float32Array.from({ length: (2 * each + 3) * width }, () => 0.1 * random.normal());
    for (let i = 0; i < each; i++) x[i * width]! += shift;
    for (const [i, share] of [0, 0.5, 1].entries()) x[(2 * each + i) * width]! += share * shift;
    return x;
  };
  const plan = {
    labels: Int32Array.from({ length: 2 * each }, (_, i) => (i < each ? 1 : 0)),
    halves: Int32Array.from({ length: 2 * each }, (_, i) => i % 2),
    projected: new Array(3) as [],
  };

  it('tell held-out halves apart where the sets differ, and put rows between the means', () => {
    const { auc, agreement, projections } = directionOf(states(2), width, plan);
    assert.equal(auc.estimate, 1);
    assert.ok(auc.low > 0.9 && agreement > 0.98);
    for (const [i, expected] of [-1, 0, 1].entries()) assert.ok(Math.abs(projections[i]! - expected) < 0.3);
  });

  it('do not where they are alike', () => {
    const { auc, agreement } = directionOf(states(0), width, plan);
    assert.ok(auc.low < 0.5 && auc.high > 0.5, `${auc.low} to ${auc.high}`);
    assert.ok(Math.abs(agreement) < 0.8);
  });

  it('project everything to 0 where all states are equal', () => {
    const { auc, projections } = directionOf(new Float32Array((2 * each + 3) * width).fill(3), width, plan);
    assert.deepEqual([auc.estimate, ...projections], [0.5, 0, 0, 0]);
  });
});
