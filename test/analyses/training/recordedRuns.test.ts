import assert from 'node:assert/strict';
import { createStepComputer } from '../../../src/analyses/training/computeStep';
import { initialState, runSteps, type TrainingState } from '../../../src/analyses/training/runSteps';
import type { Recipe } from '../../../src/data/recipe';
import {
  fullStart,
  loraStart,
  openTinyLlama,
  readFixtureRows,
  readFixtureTensors,
  readReference,
  recordedRecipe,
  setup,
  type TinyModel,
} from './support/tinyRun';

type Method = 'full' | 'lora';

async function train(
  model: TinyModel,
  method: Method,
  recipe: Recipe,
  rowFactor: (row: number) => number,
): Promise<{ readonly state: TrainingState; readonly queryLosses: readonly number[] }> {
  const start = method === 'full' ? await fullStart(model) : await loraStart();
  const { rows, queries } = readFixtureRows();
  const { context, steps } = setup(model, start.trainable, recipe, rows, rowFactor);
  const state = initialState(start.values, recipe.optimizer);
  const computer = createStepComputer(context);
  await runSteps(context, computer, steps, state, async () => undefined);
  await computer.release();

  // Summed loss of each query at the end: a step of one row, its loss taken as a sum.
  const scoring = recordedRecipe(method, { batches: [[0], [1]], batchSize: 2, lossReduction: 'rowSum' });
  const ask = setup(model, start.trainable, scoring, queries, () => 1);
  const scorer = createStepComputer(ask.context);
  const queryLosses: number[] = [];
  for (const step of ask.steps) queryLosses.push((await scorer.compute(step, state.values)).loss);
  await scorer.release();
  return { state, queryLosses };
}

function assertRelative(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) <= tolerance * Math.abs(value), `[${i}] ${actual[i]} is not ${value}`);
}

function assertAbsolute(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `${what}[${i}] ${actual[i]} is not ${expected[i]}`);
}

const everyRow = (): number => 1;

describe('recorded PyTorch runs', () => {
  let model: TinyModel;
  before(async () => {
    model = await openTinyLlama();
  });

  for (const method of ['full', 'lora'] as const) {
    it(`${method}: rates, losses, gradient norms and final parameters are those of the run`, async () => {
      const reference = readReference(method);
      const recipe = recordedRecipe(method, {});
      const { rows } = readFixtureRows();
      const { trainable } = method === 'full' ? await fullStart(model) : await loraStart();
      const { steps } = setup(model, trainable, recipe, rows, everyRow);
      assertAbsolute(
        steps.map(({ learningRate }) => learningRate),
        reference.lr,
        1e-18,
        'rate',
      );
      const { state } = await train(model, method, recipe, everyRow);
      // A float32 run of PyTorch itself differs by 1e-7 from these float64 figures.
      assertRelative(state.losses, reference.loss, 1e-5);
      assertRelative(state.gradientNorms, reference.grad_norm_before_clip, 1e-4);
      const final = await readFixtureTensors(`training/${method}-final.safetensors`);
      assert.equal(final.size, state.values.size);
      for (const [name, expected] of final)
        assertAbsolute(state.values.get(name.replace('base_model.model.', ''))!, expected, 1e-5, name);
    });

    const influence = readReference(method).influence_through_training;
    for (const [name, entry] of Object.entries(influence)) {
      const { optimizer } = entry;
      const recipe = recordedRecipe(method, {
        optimizer: {
          name: optimizer.name,
          lr: 0.002 * (optimizer.lr_scale ?? 1),
          eps: optimizer.eps ?? 1e-8,
          momentum: optimizer.momentum ?? 0,
          weightDecay: 0.01,
        },
        gradClip: optimizer.clip === null ? 0 : (optimizer.clip ?? 1),
        ...(optimizer.lr === undefined ? {} : { learningRates: optimizer.lr }),
      });

      it(`${method}, ${name}: losses and queries with every row, and without some`, async () => {
        const whole = await train(model, method, recipe, everyRow);
        assertRelative(whole.state.losses, entry.loss_at_each_step, 1e-4);
        assertRelative(whole.state.gradientNorms, entry.grad_norm_before_clip, 1e-4);
        // The fixtures' own float32 runs come to 2e-5, 1e-4 without warm-up.
        assertAbsolute(whole.queryLosses, entry.query_loss_sum_after_training, 2e-4, 'query loss');
        for (const row of [1, 6, 9]) {
          const { queryLosses } = await train(model, method, recipe, (number) => (number === row ? 0 : 1));
          const change = queryLosses.map((loss, query) => loss - whole.queryLosses[query]!);
          assertAbsolute(change, entry.leave_one_out_change_of_query_loss_sum[row]!, 2e-4, `without row ${row}`);
        }
      });
    }
  }

  it('accumulated gradients equal those of the large batch', async () => {
    const whole = await train(model, 'lora', recordedRecipe('lora', {}), everyRow);
    const parts = await train(
      model,
      'lora',
      recordedRecipe('lora', { batchSize: 1, gradientAccumulation: 4 }),
      everyRow,
    );
    assertRelative(parts.state.losses, whole.state.losses, 1e-5);
    assertRelative(parts.state.gradientNorms, whole.state.gradientNorms, 1e-5);
    for (const [name, values] of whole.state.values) assertAbsolute(parts.state.values.get(name)!, values, 1e-5, name);
  });

  it('rowSum divides summed losses by the number of rows', async () => {
    const recipe = recordedRecipe('lora', { batches: [[6, 0, 3, 7]], learningRates: [0], lossReduction: 'rowSum' });
    const { state } = await train(model, 'lora', recipe, everyRow);
    const [losses] = readReference('lora').row_loss_sum;
    assertRelative(state.losses, [losses!.reduce((sum, loss) => sum + loss, 0) / 4], 1e-5);
  });
});
