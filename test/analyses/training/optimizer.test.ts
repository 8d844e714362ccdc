import assert from 'node:assert/strict';
import { clipFactor, gradientNorm } from '../../../src/analyses/training/clipGradients';
import { createOptimizer } from '../../../src/analyses/training/optimizer';
import type { OptimizerSettings } from '../../../src/data/recipe';

const adamw: OptimizerSettings = {
  name: 'adamw',
  lr: 1,
  betas: [0.9, 0.99],
  momentum: 0,
  eps: 1e-8,
  epsRoot: 0,
  weightDecay: 0,
};
const sgd: OptimizerSettings = { ...adamw, name: 'sgd' };

/** Runs one tensor of three elements through the given gradients. */
function trace(
  settings: OptimizerSettings,
  gradients: readonly (readonly number[])[],
  rates: readonly number[],
): number[] {
  const optimizer = createOptimizer(settings);
  const parameter = Float32Array.of(0.5, -1.25, 2);
  const state = optimizer.stateNames.map(() => new Float32Array(3));
  for (const [index, gradient] of gradients.entries()) {
    optimizer.update({
      step: index + 1,
      learningRate: rates[index]!,
      gradientScale: 1,
      parameter,
      gradient: Float32Array.from(gradient),
      state,
    });
  }
  return [...parameter];
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) <= tolerance, `[${i}] ${actual[i]} is not ${value}`);
}

const gradients = [
  [0.1, -2, 0],
  [0.3, 1, 0.001],
  [-0.2, 0.5, -0.004],
];

describe('optimisers', () => {
  // Expected values: PyTorch 2.13 in float64 on the same gradients; float32 state rounds at 1e-7.
  it('AdamW equals torch.optim.AdamW', () => {
    const settings = { ...adamw, eps: 1e-3, weightDecay: 0.1 };
    assertClose(
      trace(settings, gradients, [0, 0.01, 0.02]),
      [0.4842692925512165, -1.2423616950923657, 1.9976755832799225],
      3e-7,
    );
  });

  it('SGD equals torch.optim.SGD with momentum and coupled weight decay', () => {
    const settings = { ...sgd, momentum: 0.9, weightDecay: 0.1 };
    assertClose(
      trace(settings, gradients, [0.01, 0.01, 0.02]),
      [0.48793689700000004, -1.2073227075000001, 1.983429216],
      3e-7,
    );
  });

  it('SGD without momentum keeps no state', () => {
    const optimizer = createOptimizer(sgd);
    assert.deepEqual(optimizer.stateNames, []);
    assertClose(trace(sgd, [[1, 2, 3]], [0.1]), [0.4, -1.45, 1.7], 1e-6);
  });

  it('epsRoot stands inside the root', () => {
    const settings: OptimizerSettings = { ...adamw, betas: [0, 0], eps: 0.5, epsRoot: 3 };
    // betas 0: m = g, v = g^2, so the step is g / (sqrt(g^2 + 3) + 0.5).
    assertClose(trace(settings, [[1, 0, 0]], [1]), [0.5 - 1 / (Math.sqrt(4) + 0.5), -1.25, 2], 1e-7);
  });

  it('a rate of zero leaves AdamW parameters and still moves the moments', () => {
    const optimizer = createOptimizer({ ...adamw, weightDecay: 0.1 });
    const parameter = Float32Array.of(1);
    const state = [new Float32Array(1), new Float32Array(1)];
    const gradient = Float32Array.of(2);
    optimizer.update({ step: 1, learningRate: 0, gradientScale: 1, parameter, gradient, state });
    assert.equal(parameter[0], 1);
    assertClose([state[0]![0]!, state[1]![0]!], [0.2, 0.04], 1e-7);
  });
});

describe('clipping', () => {
  it('is the norm over all tensors together, and never enlarges', () => {
    assert.equal(gradientNorm([Float32Array.of(3, 0, 0, 0, 0), Float32Array.of(4)]), 5);
    assert.equal(clipFactor(5, 1), 1 / (5 + 1e-6));
    assert.equal(clipFactor(0.5, 1), 1);
    assert.equal(clipFactor(5, 0), 1);
  });

  it('sums every element whatever the length', () => {
    for (let length = 0; length < 12; length++) {
      const values = Float32Array.from({ length }, (_, i) => i + 1);
      assert.ok(Math.abs(gradientNorm([values]) ** 2 - (length * (length + 1) * (2 * length + 1)) / 6) < 1e-9);
    }
  });
});
