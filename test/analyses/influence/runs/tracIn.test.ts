import assert from 'node:assert/strict';
import { chooseCheckpoints } from '../../../../src/analyses/influence/runs/chooseCheckpoints';
import { tracIn } from '../../../../src/analyses/influence/runs/tracIn';
import { replayRun } from '../../../../src/analyses/training/replayRun';
import type { ParameterValues } from '../../../../src/analyses/training/trainable';
import { UserError } from '../../../../src/protocol/errors';
import { openTinyLlama, readFixtureRows } from '../../training/support/tinyRun';
import { rowLosses } from '../exact/support/tinyRecordedRun';
import { relativeError } from '../support';
import { tinyAttribution } from './support/tinyAttribution';

describe('tracin', () => {
  for (const method of ['lora', 'full'] as const)
    it(`${method}: is the weighted sum of gradient dot products at states of the run`, async () => {
      const { attribution, recorded, queries } = await tinyAttribution(method, 'replayed');
      const { scores } = await tracIn(attribution, attribution.prepare(queries));
      const { run } = recorded;
      const { trainable, steps } = run;
      const model = await openTinyLlama();
      const states: ParameterValues[] = [run.values];
      await replayRun(
        run,
        model,
        'held',
        () => 1,
        async (_, { values }) => {
          states.push(new Map([...values].map(([name, data]) => [name, data.slice()])));
        },
      );
      // Checkpoints after steps 2 and 4 of 6, and the end: a step counts for the state nearest to where it began.
      const nearest = [2, 2, 2, 2, 4, 4];
      const fixture = readFixtureRows();
      const tracked = attribution.columns.list.map(({ name }) => `${name}.weight`);
      const expected = new Float64Array(scores.length);
      for (const at of [2, 4, 6]) {
        const weight = steps.reduce((sum, { learningRate }, i) => sum + (nearest[i] === at ? learningRate : 0), 0);
        const asked = await rowLosses(model, trainable, states[at]!, fixture.queries);
        const trained = await rowLosses(model, trainable, states[at]!, fixture.rows);
        for (const [q, query] of asked.gradients.entries())
          for (const [row, gradient] of trained.gradients.entries())
            for (const name of tracked)
              for (const [i, value] of query.get(name)!.entries())
                expected[q * fixture.rows.length + row]! += weight * value * gradient.get(name)![i]!;
      }
      assert.ok(relativeError(scores, [...expected]) < 1e-4);
      await attribution.release();
    });

  it('without a run says what it needs', async () => {
    const { attribution, queries } = await tinyAttribution('lora', 'noRun');
    await assert.rejects(
      tracIn(attribution, attribution.prepare(queries)),
      (error: unknown) => error instanceof UserError && error.code === 'run-needed',
    );
  });

  it('spreads checkpoints evenly, and gives every learning rate to one of them', () => {
    const steps = Array.from({ length: 100 }, (_, i) => ({ step: i + 1, learningRate: 1, rows: [0] }));
    const saved = Array.from({ length: 10 }, (_, i) => ({ step: 10 * (i + 1) }));
    const moments = chooseCheckpoints(steps, saved, 4);
    assert.deepEqual(
      moments.map(({ checkpoint }) => checkpoint?.step),
      [20, 40, 60, 80, undefined],
    );
    assert.equal(
      moments.reduce((sum, { weight }) => sum + weight, 0),
      100,
    );
    // Steps 1 to 31 begin with 0 to 30 steps done.
    assert.equal(moments[0]!.weight, 31);
    assert.deepEqual(chooseCheckpoints(steps, [], 4), [{ checkpoint: undefined, weight: 100 }]);
  });
});
