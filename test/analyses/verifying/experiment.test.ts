/** Retrainings without rows, held against recorded PyTorch runs and against themselves. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EncodedQuery } from '../../../src/analyses/measuring/encodeQuery';
import { openRun, type RecordedRun, replayRun } from '../../../src/analyses/training/replayRun';
import { type TrainingJob, train } from '../../../src/analyses/training/train';
import type { TrainingRow } from '../../../src/analyses/training/trainingRow';
import { type Experiment, openExperiment } from '../../../src/analyses/verifying/experiment';
import { createQueryMeter, type QueryMeter, queryHash } from '../../../src/analyses/verifying/queryMeter';
import { openRetrainer, type Retrainer } from '../../../src/analyses/verifying/retrainer';
import { type RowChange, unchanged, without } from '../../../src/analyses/verifying/rowChange';
import { parseRecipe, type Recipe } from '../../../src/data/recipe';
import { openCheckpoint } from '../../../src/model/checkpoint/openCheckpoint';
import type { JsonObject } from '../../../src/protocol/json';
import { type Artifacts, openArtifacts } from '../../../src/store/artifacts';
import { defaultStoreSettings } from '../../../src/store/storeFolder';
import { openTinyLlama, readFixtureRows, readReference, recordedRecipe } from '../training/support/tinyRun';

function query({ number, encoded }: TrainingRow): EncodedQuery {
  const row = { ...encoded, offsets: [], text: '', truncated: 0 } as unknown as EncodedQuery['row'];
  return { id: `q${number}`, measurement: 'logprob', plain: '', completionAt: 0, parts: [{ row, factor: 1 }], row };
}

interface Bench {
  readonly run: RecordedRun;
  readonly job: TrainingJob;
  readonly artifacts: Artifacts;
  readonly retrainer: Retrainer;
  readonly meter: QueryMeter;
  readonly experiment: Experiment;
  close(): Promise<void>;
}

/** Trains a small model, recorded, and opens the run for experiments on the two queries of the fixtures. */
async function openBench(recipe: Recipe, folder: string): Promise<Bench> {
  const model = await openTinyLlama();
  const { rows, queries } = readFixtureRows();
  const job: TrainingJob = {
    model: {
      ...model,
      checkpoint: await openCheckpoint('test/fixtures/models/llama'),
      hash: 'a'.repeat(64),
      reference: 'test/fixtures/models/llama',
    },
    rows,
    recipe,
    initialAdapter: undefined,
    out: path.join(folder, 'out'),
    device: 'cpu',
    threads: 1,
    versions: { whence: 'test', onnxruntime: 'test' },
    checkpointBudget: 5e9,
    announceMemory: () => undefined,
  };
  const { run: runFolder } = await train(job, () => undefined);
  const run = await openRun(runFolder, job.model);
  const artifacts = await openArtifacts(path.join(folder, '.whence'), defaultStoreSettings, (problem) => {
    throw problem;
  });
  let time = 0;
  const clock = (): number => {
    time += 500;
    return time;
  };
  const retrainer = openRetrainer({ run, model, activations: 'held', artifacts, clock });
  const encoded = queries.map(query);
  const place = { device: 'cpu', threads: 1 } as const;
  const meter = createQueryMeter(encoded, { ...model, trainable: run.trainable, place, batchSize: 2 });
  const experiment = openExperiment(encoded, meter, retrainer, run.record, artifacts);
  const close = async (): Promise<void> => {
    await retrainer.release();
    await meter.release();
  };
  return { run, job, artifacts, retrainer, meter, experiment, close };
}

function loraRecipe(changes: JsonObject): Recipe {
  return parseRecipe(
    {
      method: 'lora',
      lora: { r: 2, alpha: 4, targets: ['q_proj', 'v_proj'] },
      optimizer: { lr: 0.01 },
      batchSize: 4,
      epochs: 2,
      seed: 5,
      ...changes,
    },
    'recipe.json',
  );
}

function nothing(): void {
  // Steps are not of interest.
}

describe('retraining without rows', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'whence-verify-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('full: leaving a row out changes the queries as it does in PyTorch', async () => {
    const entry = Object.values(readReference('full').influence_through_training).find(
      ({ optimizer }) => optimizer.name === 'adamw' && optimizer.lr === undefined && optimizer.clip === undefined,
    )!;
    const { optimizer } = entry;
    const recipe = recordedRecipe('full', {
      optimizer: {
        name: 'adamw',
        lr: 0.002 * (optimizer.lr_scale ?? 1),
        betas: [0.9, 0.999],
        eps: optimizer.eps ?? 1e-8,
        weightDecay: 0.01,
      },
    });
    const { experiment, close } = await openBench(recipe, folder);
    const whole = await experiment.measure(unchanged, nothing);
    assert.equal(whole.bits, 'same');
    assert.equal(whole.source, 'computed');
    for (const [q, loss] of entry.query_loss_sum_after_training.entries())
      assert.ok(Math.abs(-whole.values[q]! - loss) < 2e-4, `query ${q}: ${whole.values[q]} is not -${loss}`);
    for (const row of [1, 6, 9]) {
      const { values, bits } = await experiment.measure(without([row]), nothing);
      assert.equal(bits, 'different');
      for (const [q, rise] of entry.leave_one_out_change_of_query_loss_sum[row]!.entries()) {
        const change = whole.values[q]! - values[q]!;
        assert.ok(Math.abs(change - rise) < 2e-4, `row ${row}, query ${q}: ${change} is not ${rise}`);
      }
    }
    await close();
  });

  it('lora: what was computed once is read, to the same bits; a new query trains nothing', async () => {
    const bench = await openBench(loraRecipe({}), folder);
    const { run, job, experiment, retrainer, artifacts } = bench;
    let steps = 0;
    const count = (): void => {
      steps += 1;
    };
    const change = without([3, 7]);
    assert.equal(await experiment.isKnown(change), false);
    const first = await experiment.measure(change, count);
    assert.equal(steps, run.steps.length);
    assert.equal(first.seconds, 0.5);
    assert.equal(await experiment.isKnown(change), true);
    const second = await experiment.measure(without([7, 3]), count);
    assert.deepEqual([second.source, steps], ['store', run.steps.length]);
    assert.deepEqual(second.values, first.values);

    const stored = await retrainer.retrain(change, count);
    const fresh = await replayRun(
      run,
      job.model,
      'held',
      (row) => (row === 3 || row === 7 ? 0 : 1),
      async () => undefined,
    );
    assert.equal(stored.source, 'store');
    assert.deepEqual([...stored.values], [...fresh.state.values]);

    // One of the queries under another factor is another query; the values it needs are there.
    const half = {
      ...experiment.queries[0]!,
      parts: experiment.queries[0]!.parts.map((part) => ({ ...part, factor: 0.5 })),
    };
    assert.notEqual(queryHash(half), queryHash(experiment.queries[0]!));
    const place = { device: 'cpu', threads: 1 } as const;
    const meter = createQueryMeter([half], {
      ...(await openTinyLlama()),
      trainable: run.trainable,
      place,
      batchSize: 1,
    });
    const other = openExperiment([half], meter, retrainer, run.record, artifacts);
    const { values, source } = await other.measure(change, count);
    assert.deepEqual([source, steps], ['store', run.steps.length]);
    assert.ok(Math.abs(values[0]! - first.values[0]! / 2) < 1e-5);
    // The measurements of the first queries are still there beside the new one.
    assert.deepEqual((await experiment.measure(change, count)).values, first.values);
    await meter.release();
    await bench.close();
  });

  it('retrainings in shared sessions do not depend on what was trained before', async () => {
    const bench = await openBench(loraRecipe({}), folder);
    const { retrainer, run } = bench;
    const changes: readonly RowChange[] = [without([0, 1, 2]), unchanged, without([5])];
    const one = [];
    for (const change of changes) one.push((await retrainer.retrain(change, nothing)).values);
    const other = await openBench(loraRecipe({}), path.join(folder, 'again'));
    for (const [i, change] of [...changes.entries()].reverse())
      assert.deepEqual([...(await other.retrainer.retrain(change, nothing)).values], [...one[i]!]);
    assert.equal((await retrainer.retrain(unchanged, nothing)).bits, 'same');
    assert.equal(
      retrainer.storedBytes,
      [...run.values.values()].reduce((sum, { length }) => sum + 4 * length, 0),
    );
    await bench.close();
    await other.close();
  });

  it('reshuffled: rows are really gone, the order is another, the seed decides it', async () => {
    const bench = await openBench(loraRecipe({}), folder);
    const { retrainer, run } = bench;
    const change = (seed: number): RowChange => ({ kind: 'reshuffled', removed: [2, 4, 5, 6], seed });
    assert.equal(retrainer.stepsOf(change(1)), 4);
    assert.equal(retrainer.stepsOf(unchanged), run.steps.length);
    const first = await retrainer.retrain(change(1), nothing);
    const second = await retrainer.retrain(change(2), nothing);
    assert.equal(first.bits, 'different');
    const [name] = run.values.keys();
    assert.notDeepEqual(first.values.get(name!), second.values.get(name!));
    assert.deepEqual(
      [(await retrainer.retrain(change(1), nothing)).source, await retrainer.isStored(change(3))],
      ['store', false],
    );
    await bench.close();
  });
});
