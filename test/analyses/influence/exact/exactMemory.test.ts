import assert from 'node:assert/strict';
import { exactMemory } from '../../../../src/analyses/influence/exact/exactMemory';
import { countElements } from '../../../../src/analyses/training/trainable';
import { openTinyLlama, recordedRecipe } from '../../training/support/tinyRun';
import { recordTinyRun } from './support/tinyRecordedRun';

describe('memory of exact derivatives', () => {
  it('kept steps take what they need, what they may, and one at least; each measurement takes its adjoints', async () => {
    const model = await openTinyLlama();
    const { run } = await recordTinyRun(model, 'full', recordedRecipe('full', {}), {});
    const of = (measurements: number, memoryBudgetBytes: number) =>
      exactMemory(run, model.config, measurements, { activations: 'held', memoryBudgetBytes });
    // Values, gradients and the two moments of AdamW, in float32.
    const stepBytes = 4 * 4 * countElements(run.trainable);
    assert.equal(of(1, 1e12).keptSteps, 6 * stepBytes);
    assert.equal(of(1, 2.5 * stepBytes).keptSteps, 2.5 * stepBytes);
    assert.equal(of(1, 0).keptSteps, stepBytes);
    assert.equal(of(1, 1e12).bytes - of(1, 0).bytes, 5 * stepBytes);
    // Three float64 adjoints and the float32 gradient they start from.
    assert.equal(of(3, 0).bytes - of(2, 0).bytes, (3 * 8 + 4) * countElements(run.trainable));
    const { bytes } = exactMemory(run, model.config, 1, { activations: 'recomputed', memoryBudgetBytes: 0 });
    assert.ok(bytes > 0 && Number.isSafeInteger(bytes));
  });
});
