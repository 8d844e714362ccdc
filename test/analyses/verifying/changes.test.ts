import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RunRecord } from '../../../src/analyses/training/record/runRecord';
import type { TrainingRow } from '../../../src/analyses/training/trainingRow';
import { matchRows } from '../../../src/analyses/verifying/matchRows';
import { reshuffledSteps } from '../../../src/analyses/verifying/reshuffledSteps';
import { changeHash, unchanged, without } from '../../../src/analyses/verifying/rowChange';
import { runIdentity } from '../../../src/analyses/verifying/runIdentity';
import { UserError } from '../../../src/protocol/errors';
import { recordedRecipe } from '../training/support/tinyRun';

function trainedRow(number: number, row: number, encodingHash: string): TrainingRow {
  const encoded = { ids: Int32Array.of(1, 2), labels: Int32Array.of(-100, 2), weight: 1, encodingHash };
  return { number, file: 'a.jsonl', row, line: row + 1, hash: '', encoded };
}

const steps = [
  { step: 1, lr: 0.1, loss: 1, gradNorm: 1, rows: [0, 1, 2] },
  { step: 2, lr: 0.1, loss: 1, gradNorm: 1, rows: [3, 4, 5] },
];
const record = {
  recipe: recordedRecipe('lora', { batches: null, batchSize: 3, epochs: 1 }),
  model: { path: 'here', hash: 'a'.repeat(64) },
  startedFrom: null,
  device: { name: 'cpu', threads: 2, processor: 'x' },
  shapes: [{ batch: 3, length: 8, trained: 8 }],
  lora: [],
  rows: { file: 'rows.safetensors', sha256: 'b'.repeat(64) },
  initial: null,
  finalValues: 'c'.repeat(64),
  steps,
} as unknown as RunRecord;

describe('changes of a run', () => {
  it('equal changes share a hash, in whatever order they are written; others do not', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(50), { maxLength: 8 }),
        fc.uniqueArray(fc.nat(50), { maxLength: 8 }),
        (a, b) => {
          const same = [...a].sort().join() === [...b].sort().join();
          assert.equal(changeHash(without(a)) === changeHash(without(b)), same);
          assert.equal(changeHash(without(a)), changeHash(without([...a].reverse())));
        },
      ),
    );
    assert.equal(changeHash({ kind: 'inPlace', factors: new Map([[3, 1]]) }), changeHash(unchanged));
    assert.notEqual(changeHash({ kind: 'inPlace', factors: new Map([[3, 0.5]]) }), changeHash(without([3])));
    assert.notEqual(changeHash({ kind: 'reshuffled', removed: [3], seed: 0 }), changeHash(without([3])));
    assert.notEqual(
      changeHash({ kind: 'reshuffled', removed: [3], seed: 0 }),
      changeHash({ kind: 'reshuffled', removed: [3], seed: 1 }),
    );
  });

  it('a run is the same wherever it lies, and another with another rate, row or number of threads', () => {
    const identity = runIdentity(record);
    assert.equal(runIdentity({ ...record, model: { ...record.model, path: 'elsewhere' } }), identity);
    assert.equal(runIdentity({ ...record, recipe: { ...record.recipe, data: ['other'] } }), identity);
    const [first, second] = steps;
    for (const other of [
      { ...record, steps: [first!, { ...second!, lr: 0.2 }] },
      { ...record, steps: [first!, { ...second!, rows: [3, 4] }] },
      { ...record, device: { ...record.device, threads: 1 } },
      { ...record, rows: { ...record.rows, sha256: 'd'.repeat(64) } },
    ])
      assert.notEqual(runIdentity(other), identity);
  });

  it('rows of the data are found in the run by their tokens, equal ones at their own place first', () => {
    const trained = [trainedRow(0, 0, 'a'), trainedRow(1, 1, 'b'), trainedRow(2, 2, 'b'), trainedRow(4, 4, 'c')];
    const data = [
      { encodingHash: 'b', address: { row: 2 } },
      { encodingHash: 'x', address: { row: 1 } },
      { encodingHash: 'b', address: { row: 3 } },
      { encodingHash: 'b', address: { row: 9 } },
      { encodingHash: 'a', address: { row: 0 } },
    ];
    assert.deepEqual(matchRows(data, new Map(trained.map((row) => [row.number, row]))), [
      2,
      undefined,
      1,
      undefined,
      0,
    ]);
  });

  it('reshuffled steps hold every other row once an epoch and none that is gone', () => {
    const rows = new Map([0, 1, 2, 3, 4, 5, 6].map((number) => [number, trainedRow(number, number, `${number}`)]));
    const planned = reshuffledSteps({ record, rows }, [1, 4], 8);
    // Row 6 was never trained.
    assert.deepEqual(planned.flatMap((step) => step.rows).sort(), [0, 2, 3, 5]);
    assert.deepEqual(
      planned.map((step) => step.rows.length),
      [3, 1],
    );
    assert.notDeepEqual(
      reshuffledSteps({ record, rows }, [], 1).map((step) => step.rows),
      reshuffledSteps({ record, rows }, [], 2).map((step) => step.rows),
    );
    const explicit = { record: { ...record, recipe: recordedRecipe('lora', { batches: [[0], [1]] }) }, rows };
    assert.throws(
      () => reshuffledSteps(explicit, [], 1),
      (error) => error instanceof UserError && error.code === 'reshuffle-explicit',
    );
  });
});
