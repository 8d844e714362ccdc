import assert from 'node:assert/strict';
import { differentiateThroughRun } from '../../../../src/analyses/influence/exact/differentiateThroughRun';
import { type Smoothness, smoothness } from '../../../../src/analyses/influence/exact/smoothness';
import { openTinyLlama, readReference } from '../../training/support/tinyRun';
import { type Method, queryLosses, recordTinyRun, settingRecipe } from './support/tinyRecordedRun';

async function smoothnessOf(method: Method, setting: string, seed: number): Promise<Smoothness> {
  const model = await openTinyLlama();
  const entry = readReference(method).influence_through_training[setting]!;
  const { run, finalValues } = await recordTinyRun(model, method, settingRecipe(method, entry), {});
  const { gradients } = await queryLosses(model, run.trainable, finalValues);
  const common = { activations: 'held', onProgress: () => undefined } as const;
  const exact = await differentiateThroughRun(run, model, gradients, { ...common, memoryBudgetBytes: 1e9 });
  return smoothness(run, model, exact, gradients, { ...common, seed });
}

describe('smoothness of a recorded run', () => {
  for (const seed of [1, 2]) {
    it(`seed ${seed}: Adam without warm-up is rough, and the warning says what to do`, async () => {
      const found = await smoothnessOf('full', 'adamw_no_warmup', seed);
      assert.equal(found.verdict, 'rough');
      assert.match(found.warning!, /warm-up/);
    });

    for (const [method, setting] of [
      ['full', 'adamw'],
      ['full', 'adamw_eps_1e-3_clip_5'],
      ['full', 'sgd_momentum_no_clip'],
      ['lora', 'adamw'],
    ] as const)
      it(`seed ${seed}: ${method}, ${setting} is smooth`, async () => {
        const found = await smoothnessOf(method, setting, seed);
        assert.equal(found.verdict, 'smooth');
        assert.equal(found.warning, undefined);
      });
  }
});
