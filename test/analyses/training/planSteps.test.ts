import assert from 'node:assert/strict';
import fc from 'fast-check';
import { microBatches, planSteps, type StepPlanSettings } from '../../../src/analyses/training/planSteps';
import { type ScheduleSettings, scheduleFactor } from '../../../src/analyses/training/schedule';
import { UserError } from '../../../src/protocol/errors';

const plain: StepPlanSettings = {
  batchSize: 4,
  gradientAccumulation: 1,
  epochs: 2,
  order: 'given',
  seed: 0,
  optimizer: { name: 'sgd', lr: 1, betas: [0.9, 0.999], momentum: 0, eps: 1e-8, epsRoot: 0, weightDecay: 0 },
  schedule: { name: 'constant', warmupSteps: 0 },
  batches: null,
  learningRates: null,
};

const rowsOf = (count: number): number[] => [...Array(count).keys()];

describe('schedules', () => {
  // transformers 5.23, 3 warm-up steps of 10.
  const expected: Readonly<Record<ScheduleSettings['name'], readonly number[]>> = {
    constant: [0, 1 / 3, 2 / 3, 1, 1, 1, 1, 1, 1, 1],
    linear: [0, 1 / 3, 2 / 3, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7],
    cosine: [
      0, 0.3333333333333333, 0.6666666666666666, 1, 0.9504844339512095, 0.8117449009293668, 0.6112604669781572,
      0.38873953302184283, 0.18825509907063326, 0.04951556604879048,
    ],
  };
  for (const [name, factors] of Object.entries(expected) as [ScheduleSettings['name'], readonly number[]][]) {
    it(`${name} equals transformers`, () => {
      for (const [step, factor] of factors.entries())
        assert.ok(Math.abs(scheduleFactor({ name, warmupSteps: 3 }, step, 10) - factor) < 1e-15, `step ${step}`);
    });
  }
});

describe('planSteps', () => {
  it('every epoch trains every row once, in batches of the accumulated size but the last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom('shuffle' as const, 'given' as const),
        fc.integer({ min: 0, max: 1000 }),
        (count, batchSize, gradientAccumulation, epochs, order, seed) => {
          const settings = { ...plain, batchSize, gradientAccumulation, epochs, order, seed };
          const steps = planSteps(rowsOf(count), settings);
          const perEpoch = Math.ceil(count / (batchSize * gradientAccumulation));
          assert.equal(steps.length, epochs * perEpoch);
          for (let epoch = 0; epoch < epochs; epoch++) {
            const own = steps.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
            assert.deepEqual(
              own.flatMap(({ rows }) => rows).sort((a, b) => a - b),
              rowsOf(count),
            );
            for (const { rows } of own.slice(0, -1)) assert.equal(rows.length, batchSize * gradientAccumulation);
          }
          for (const step of steps) {
            const passes = microBatches(step, batchSize);
            assert.deepEqual(passes.flat(), step.rows);
            assert.ok(passes.length <= gradientAccumulation && passes.every(({ length }) => length <= batchSize));
          }
          assert.deepEqual(planSteps(rowsOf(count), settings), steps);
        },
      ),
      { seed: 1 },
    );
  });

  it('a shuffle differs between epochs and seeds', () => {
    const order = (seed: number) => planSteps(rowsOf(32), { ...plain, order: 'shuffle', seed }).map(({ rows }) => rows);
    const steps = order(1);
    assert.notDeepEqual(steps.slice(0, 8), steps.slice(8));
    assert.notDeepEqual(order(2), steps);
  });

  it('explicit batches and rates are replayed as they are; rows that cannot be trained drop out', () => {
    const batches = [
      [3, 1, 1],
      [2, 9],
    ];
    const steps = planSteps(rowsOf(4), { ...plain, batches, learningRates: [0.5, 0.25] });
    assert.deepEqual(steps, [
      { step: 1, learningRate: 0.5, rows: [3, 1, 1] },
      { step: 2, learningRate: 0.25, rows: [2] },
    ]);
  });

  it('plans without a step, a row or a matching rate are refused', () => {
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        if (error instanceof UserError) return error.code;
        throw error;
      }
      return 'none';
    };
    assert.equal(
      code(() => planSteps([], plain)),
      'nothing-to-train',
    );
    assert.equal(
      code(() => planSteps([1], { ...plain, epochs: 0 })),
      'no-steps',
    );
    assert.equal(
      code(() => planSteps([1], { ...plain, batches: [[2]] })),
      'empty-batch',
    );
    assert.equal(
      code(() => planSteps([1], { ...plain, batches: [[1]], learningRates: [] })),
      'learning-rates-length',
    );
    assert.equal(
      code(() => planSteps([1], { ...plain, epochs: 1e9 })),
      'too-many-steps',
    );
  });
});
