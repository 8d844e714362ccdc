import assert from 'node:assert/strict';

import { dataInf } from '../../../src/analyses/influence/estimators/dataInf';
import { gradCos } from '../../../src/analyses/influence/estimators/gradCos';
import { gradDot } from '../../../src/analyses/influence/estimators/gradDot';
import { kroneckerFactored } from '../../../src/analyses/influence/estimators/kroneckerFactored';
import type { Factors } from '../../../src/analyses/influence/factors/factors';
import { fitFactors } from '../../../src/analyses/influence/factors/fitFactors';
import { createRotator } from '../../../src/analyses/influence/factors/rotator';
import { readFactors, writeFactors } from '../../../src/analyses/influence/factors/storedFactors';
import { type Columns, columnsOf } from '../../../src/analyses/influence/gradients/columns';
import type { GradientMatrix } from '../../../src/analyses/influence/gradients/gradientMatrix';
import { memoryGradients } from '../../../src/analyses/influence/gradients/memoryGradients';
import { streamedGradients } from '../../../src/analyses/influence/gradients/streamedGradients';
import { computeTokenScores } from '../../../src/analyses/influence/tokens/tokenScores';
import { type PassContext, planRowPasses } from '../../../src/analyses/passes/rowPasses';
import { spearman } from '../../../src/linalg/statistics/spearman';
import type { TrackedKind } from '../../../src/model/buildModuleSides';
import type { LanguageModel } from '../../../src/model/openLanguageModel';
import { openArtifacts } from '../../../src/store/artifacts';
import { defaultStoreSettings } from '../../../src/store/storeFolder';
import { temporaryFolder } from '../../support/temporaryFolder';
import {
  contextOf,
  fullModel,
  gradientsOf,
  loraModel,
  type ReferenceRow,
  reference,
  relativeError,
  rowsOf,
} from './support';

interface Case {
  readonly context: PassContext;
  readonly columns: Columns;
  readonly rows: readonly ReferenceRow[];
  readonly gradients: GradientMatrix;
  readonly queries: Float32Array;
}

async function open(model: LanguageModel, kind: TrackedKind): Promise<Case> {
  const context = await contextOf(model);
  const columns = columnsOf(model, kind);
  const rows = rowsOf(reference.batch);
  return {
    context,
    columns,
    rows,
    gradients: memoryGradients(columns, await gradientsOf(rows, columns, context)),
    queries: await gradientsOf(rowsOf(reference.query_batch), columns, context),
  };
}

function row(scores: Float32Array, query: number): Float32Array {
  return scores.subarray(query * 12, (query + 1) * 12);
}

describe('influence of a full fine-tune, against the reference', () => {
  let full: Case;
  before(async () => {
    full = await open(await fullModel(), 'linear');
  });
  after(() => full.context.sessions.releaseAll());

  it('graddot is the dot product of the reference per-row gradients', async () => {
    const { scores } = await gradDot({ gradients: full.gradients, queries: full.queries, count: 2 });
    for (const q of [0, 1]) assert.ok(relativeError(row(scores, q), reference.gradient_dot.total[q]) < 1e-4);
  });

  it('gradcos divides by both norms', async () => {
    const { scores } = await gradCos({ gradients: full.gradients, queries: full.queries, count: 2 });
    for (const q of [0, 1]) assert.ok(relativeError(row(scores, q), reference.gradient_cosine.total[q]) < 1e-4);
  });

  it('datainf is that of the reference', async () => {
    const { scores } = await dataInf({ gradients: full.gradients, queries: full.queries, count: 2 });
    for (const q of [0, 1])
      assert.ok(relativeError(row(scores, q), reference.datainf_full_weights.scores.total[q]) < 1e-3);
  });

  for (const labels of ['empirical', 'sampled'] as const) {
    it(`ekfac with the reference's ${labels} labels has its scores`, async () => {
      const { context, columns } = full;
      const own = reference['ekfac-sampled'].sampled_labels;
      const rows = labels === 'empirical' ? full.rows : rowsOf(reference.batch, own);
      const plan = planRowPasses(rows, 5, context.model.config);
      const settings = { kind: 'ekfac', labels: 'empirical', seed: 0 } as const;
      const factors = await fitFactors(settings, rows, plan, columns, context, () => undefined);
      const rotator = await createRotator(columns, factors.modules, 4, context.place);
      const { scores } = await kroneckerFactored({ ...full, count: 2, factors, rotator, damping: 0.1 });
      await rotator.release();
      const expected = reference[`ekfac-${labels}`].scores_heuristic_damping.total;
      for (const q of [0, 1]) {
        assert.ok(spearman(row(scores, q), expected[q]) >= 0.999);
        assert.ok(relativeError(row(scores, q), expected[q]) < 1e-3);
      }
    });
  }

  for (const kind of ['ekfac', 'linfac'] as const) {
    it(`${kind} kept in one pass, streamed in two, and in passes of another size are the same curvature`, async () => {
      const { context, columns, rows, queries } = full;
      const scored = async (strategy: 'kept' | 'streamed', batchSize: number | null) => {
        const plan = planRowPasses(rows, batchSize, context.model.config);
        const settings = { kind, labels: 'sampled', seed: 3 } as const;
        const factors = await fitFactors(settings, rows, plan, columns, context, () => undefined, strategy);
        const rotator = await createRotator(columns, factors.modules, 4, context.place);
        const gradients =
          strategy === 'kept' ? full.gradients : streamedGradients(rows, batchSize, columns, context, () => undefined);
        const { scores } = await kroneckerFactored({ gradients, queries, count: 2, factors, rotator, damping: 0.1 });
        await rotator.release();
        return [...scores];
      };
      const expected = await scored('streamed', null);
      assert.ok(relativeError(await scored('streamed', 3), expected) < 1e-4);
      assert.ok(relativeError(await scored('kept', 5), expected) < 1e-3);
    });
  }

  it('factors come back from the store, bases to the precision of halves, and score alike', async () => {
    const { context, columns, rows, queries, gradients } = full;
    const plan = planRowPasses(rows, 5, context.model.config);
    const settings = { kind: 'ekfac', labels: 'sampled', seed: 3 } as const;
    const made = await fitFactors(settings, rows, plan, columns, context, () => undefined);
    const folder = temporaryFolder('whence-factors-');
    const artifacts = await openArtifacts(folder, defaultStoreSettings, assert.ifError);
    await writeFactors(artifacts, { rows: 'all' }, made);
    const read = await readFactors(artifacts, { rows: 'all' }, settings, columns);
    const scored = async (factors: Factors) => {
      const rotator = await createRotator(columns, factors.modules, 4, context.place);
      const { scores } = await kroneckerFactored({ gradients, queries, count: 2, factors, rotator, damping: 0.1 });
      await rotator.release();
      return [...scores];
    };
    assert.ok(relativeError(await scored(read!), await scored(made)) < 1e-3);
  });

  it('gradients that are computed when asked for are those that were kept', async () => {
    const { context, columns, rows, gradients } = full;
    const streamed = streamedGradients(rows, 4, columns, context, () => undefined);
    const read = async (matrix: GradientMatrix): Promise<Float32Array> => {
      const values = new Float32Array(rows.length * columns.width);
      await matrix.forEachBlock((first, _, block) => values.set(block, first * columns.width));
      return values;
    };
    const [found, expected] = [await read(streamed), await read(gradients)];
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.ok(found.every((value, i) => Math.abs(value - expected[i]!) <= 1e-5 * largest));
  });

  it('position scores of every linear method add up to the row score', async () => {
    const { scores, directions } = await dataInf({ gradients: full.gradients, queries: full.queries, count: 2 });
    const direction = directions!.subarray(0, full.columns.width);
    const positions = await computeTokenScores(full.rows, 5, direction, full.columns, full.context);
    const sums = positions.map((values) => values.reduce((sum, value) => sum + value, 0));
    assert.ok(relativeError(sums, [...row(scores, 0)]) < 1e-3);
    assert.deepEqual(
      positions.map(({ length }) => length),
      full.rows.map(({ ids }) => ids.length),
    );
  });
});

describe('influence of an adapter, against the reference', () => {
  let lora: Case;
  before(async () => {
    lora = await open(await loraModel(), 'adapter');
  });
  after(() => lora.context.sessions.releaseAll());

  it('graddot is the dot product of the reference per-row gradients', async () => {
    const { scores } = await gradDot({ gradients: lora.gradients, queries: lora.queries, count: 2 });
    for (const q of [0, 1]) assert.ok(relativeError(row(scores, q), reference.lora.gradient_dot.total[q]) < 1e-4);
  });

  it('datainf is that of the reference, each factor a layer', async () => {
    const { scores } = await dataInf({ gradients: lora.gradients, queries: lora.queries, count: 2 });
    for (const q of [0, 1]) assert.ok(relativeError(row(scores, q), reference.lora.datainf.scores.total[q]) < 1e-3);
  });
});
