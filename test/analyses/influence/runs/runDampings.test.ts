import assert from 'node:assert/strict';
import { runDampings } from '../../../../src/analyses/influence/runs/runDampings';
import { replayRun } from '../../../../src/analyses/training/replayRun';
import { openTinyLlama } from '../../training/support/tinyRun';
import { tinyAttribution } from './support/tinyAttribution';

describe('the damping that the end of a run stands for', () => {
  for (const method of ['lora', 'full'] as const)
    it(`${method}: is one over the rates times the optimiser's scaling, for a row's summed loss`, async () => {
      const { attribution, recorded } = await tinyAttribution(method, 'replayed');
      const { run } = recorded;
      const { gradClip, optimizer } = run.record.recipe;
      const { betas, eps, epsRoot } = optimizer;
      const seconds = new Map<number, ReadonlyMap<string, Float32Array>>();
      await replayRun(
        run,
        await openTinyLlama(),
        'held',
        () => 1,
        async ({ step }, { moments }) => {
          seconds.set(step, new Map([...moments].map(([name, [, second]]) => [name, second!.slice()])));
        },
      );
      // States after steps 2 and 4 of 6 are kept; the end has the scaling of the last of them.
      const scalingOf = [2, 2, 2, 2, 4, 4];
      const trained = run.steps.flatMap((step) => step.rows.map((row) => run.rows.get(row)!.encoded));
      const tokens = trained.reduce(
        (sum, { labels }) => sum + labels.slice(1).filter((label) => label !== -100).length,
        0,
      );
      const dampings = await runDampings(run, attribution.columns);
      for (const [c, { name }] of attribution.columns.list.entries()) {
        let reach = 0;
        for (const [i, { learningRate }] of run.steps.entries()) {
          const at = scalingOf[i]!;
          const second = seconds.get(at)!.get(`${name}.weight`)!;
          const scaled = [...second].map((v) => 1 / (Math.sqrt(v / (1 - betas[1] ** at) + epsRoot) + eps));
          const clipped = Math.min(1, gradClip / run.record.steps[i]!.gradNorm);
          reach += (learningRate * clipped * scaled.reduce((sum, value) => sum + value, 0)) / second.length;
        }
        const expected = tokens / trained.length / reach;
        assert.ok(Math.abs(dampings![c]! / expected - 1) < 1e-4, `${name}: ${dampings![c]} against ${expected}`);
      }
      await attribution.release();
    });

  it('is unknown where the record keeps no state of the optimiser', async () => {
    const { attribution, recorded } = await tinyAttribution('lora', 'replayed');
    const { run } = recorded;
    const bare = { ...run, record: { ...run.record, checkpoints: [] } };
    assert.equal(await runDampings(bare, attribution.columns), undefined);
    await attribution.release();
  });

  it('of descent without state needs none, grows with decay and with clipping', async () => {
    const { attribution, recorded } = await tinyAttribution('lora', 'replayed');
    const { run } = recorded;
    const { recipe } = run.record;
    const dampingOf = async (momentum: number, weightDecay: number, gradClip: number): Promise<number> => {
      const optimizer = { ...recipe.optimizer, name: 'sgd' as const, momentum, weightDecay };
      const record = { ...run.record, checkpoints: [], recipe: { ...recipe, optimizer, gradClip } };
      return (await runDampings({ ...run, record }, attribution.columns))![0]!;
    };
    const plain = await dampingOf(0, 0, 0);
    assert.ok(Math.abs((await dampingOf(0.75, 0, 0)) / (plain / 4) - 1) < 1e-9);
    assert.ok((await dampingOf(0, 0.5, 0)) > plain);
    assert.ok((await dampingOf(0, 0, 1e-3)) > plain);
    await attribution.release();
  });
});
