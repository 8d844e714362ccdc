/** Masks against those that a direct implementation in torch and peft made (test/fixtures/make/pruning.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  computeGradients,
  computeInputNorms,
  gradientShares,
  normShares,
} from '../../../src/analyses/pruning/calibrate';
import { type AppliedThreshold, buildMask, prunedCount } from '../../../src/analyses/pruning/masks';
import { type PruningSubject, prunableMatrices } from '../../../src/analyses/pruning/matrices';
import { scoreMatrices } from '../../../src/analyses/pruning/saliency';
import { maskedAdapter } from '../../../src/analyses/pruning/states';
import { planScoring, scoreRows } from '../../../src/analyses/scoring/scoreRows';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import { openLanguageModel } from '../../../src/model/openLanguageModel';
import { createSessionCache, type SessionCache } from '../../../src/runtime/sessionCache';
import { temporaryFolder } from '../../support/temporaryFolder';

interface Reference {
  readonly model: string;
  readonly adapter: string;
  readonly rows: readonly (readonly number[])[];
  readonly shapes: Readonly<Record<string, readonly [number, number]>>;
  readonly masks: readonly {
    readonly alpha: number;
    readonly threshold: AppliedThreshold;
    readonly bits: Readonly<Record<string, string>>;
  }[];
}

const { cases } = JSON.parse(readFileSync('test/fixtures/pruning/masks.json', 'utf8')) as {
  cases: readonly Reference[];
};
const unwatched = { onMemory: () => undefined, onRows: () => undefined };
const where = { workingFolder: '.', environment: {}, homeFolder: '/', now: () => new Date(0) };

function rowOf(ids: readonly number[]) {
  // All but the first token are trained: losses of every position.
  const labels = Int32Array.from(ids, (id, t) => (t === 0 ? -100 : id));
  return { ids: Int32Array.from(ids), labels };
}

function unpacked(bits: string, length: number): Uint8Array {
  const bytes = Buffer.from(bits, 'base64');
  return Uint8Array.from({ length }, (_, i) => (bytes[i >> 3]! >> (7 - (i & 7))) & 1);
}

describe('masks of the fixtures', function () {
  this.timeout(60_000);
  const cache = temporaryFolder('whence-pruning-');
  let sessions: SessionCache;
  before(() => {
    sessions = createSessionCache({ sized: 2, others: 2 });
  });
  after(() => sessions.releaseAll());

  async function open({ model, adapter }: Reference): Promise<PruningSubject> {
    const source = {
      label: adapter,
      path: path.resolve('test/fixtures/models', model),
      adapter: path.resolve('test/fixtures/adapters', adapter),
    };
    const opened = await openLanguageModel(source, where);
    const weights = await mapWeights(opened.checkpoint, cache, () => undefined);
    return { model: opened, weights, baseWeights: undefined };
  }
  const contextOf = ({ model, weights }: PruningSubject) => ({
    ...{ model, weights, sessions },
    place: { device: 'cpu' as const, threads: 1 },
  });

  for (const reference of cases) {
    it(`of ${reference.adapter} equal the reference's bit for bit, rows, modules and all together`, async () => {
      const subject = await open(reference);
      const matrices = await prunableMatrices(subject, 'adapter', []);
      assert.deepEqual(
        Object.fromEntries(matrices.map(({ name, rows, columns }) => [name, [rows, columns]])),
        reference.shapes,
      );
      const rows = reference.rows.map(rowOf);
      const norms = await computeInputNorms(rows, matrices, contextOf(subject), unwatched);
      const scored = scoreMatrices(matrices, { score: 'wanda', norms });
      for (const { alpha, threshold, bits } of reference.masks) {
        const mask = buildMask(scored, alpha, threshold);
        for (const [m, { name, columns, values }] of matrices.entries()) {
          const expected = unpacked(bits[name]!, values.length);
          assert.deepEqual(mask[m], expected, `${name}, ${threshold} ${alpha}`);
          if (threshold !== 'row') continue;
          const ofFirstRow = expected.subarray(0, columns).reduce((sum, bit) => sum + bit, 0);
          assert.equal(ofFirstRow, prunedCount(columns, alpha));
        }
      }
    });
  }

  it('norms do not depend on how rows share passes', async () => {
    const [reference] = cases as [Reference];
    const subject = await open(reference);
    const matrices = await prunableMatrices(subject, 'adapter', []);
    const rows = reference.rows.map(rowOf);
    const together = await computeInputNorms(rows, matrices, contextOf(subject), unwatched);
    for (const [i, row] of rows.entries()) {
      const alone = await computeInputNorms([row], matrices, contextOf(subject), unwatched);
      for (let j = 0; j < alone.width; j++) {
        const [a, b] = [alone.squares[j]!, together.squares[i * together.width + j]!];
        assert.ok(Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(a)), `${a} and ${b}`);
      }
    }
  });

  it('the signed score says what setting an entry to zero does to the loss, to first order', async () => {
    const [reference] = cases as [Reference];
    const subject = await open(reference);
    const matrices = await prunableMatrices(subject, 'adapter', []);
    const rows = reference.rows.map(rowOf);
    const context = contextOf(subject);
    const gradients = await computeGradients(rows, matrices, context, unwatched);
    const scores = scoreMatrices(matrices, { score: 'signedGrad', gradients, sign: 1 });
    const loss = async (shrink: number, mask: readonly Uint8Array[]): Promise<number> => {
      const adapter = maskedAdapter(subject.model.adapter!, matrices, mask);
      const modules = new Map(
        [...adapter.modules].map(([name, lora]) => {
          const before = subject.model.adapter!.modules.get(name)!;
          const between = (side: 'a' | 'b') => ({
            ...lora[side],
            data: before[side].data.map((value, i) => value + shrink * (lora[side].data[i]! - value)),
          });
          return [name, { ...lora, a: between('a'), b: between('b') }];
        }),
      );
      const model = { ...subject.model, adapter: { ...adapter, modules } };
      const found = await scoreRows(rows, planScoring(rows, 5, model.config), { ...context, model }, () => undefined);
      return found.reduce((sum, row) => sum + row.loss / row.trainedTokens, 0);
    };
    const mask = buildMask(scores, 0.3, 'module');
    const predicted = mask.reduce(
      (sum, bits, m) => sum + bits.reduce((part, bit, i) => part + bit * scores[m]!.scores[i]!, 0),
      0,
    );
    const step = 0.02;
    const slope = ((await loss(step, mask)) - (await loss(-step, mask))) / (2 * step);
    // Central differences of float32 losses: their noise, and the cube of the step.
    assert.ok(Math.abs(slope + predicted) < 0.02 * Math.abs(predicted) + 1e-3, `${slope} and ${-predicted}`);

    const shares = await gradientShares(rows, matrices, mask, context);
    const total = shares.reduce((sum, value) => sum + Math.abs(value), 0);
    assert.ok(Math.abs(total - 1) < 1e-9);
    for (const [i, row] of rows.entries()) {
      const own = await computeGradients([row], matrices, context, unwatched);
      const alone = mask.reduce(
        (sum, bits, m) => sum + bits.reduce((part, bit, e) => part + bit * matrices[m]!.values[e]! * own[m]![e]!, 0),
        0,
      );
      assert.ok(Math.sign(alone) === Math.sign(shares[i]!) || Math.abs(alone) < 1e-4 * Math.abs(predicted));
    }
  });

  it("rows' shares of a Wanda mask add up to 1, and a row twice as present has twice the share", async () => {
    const [reference] = cases as [Reference];
    const subject = await open(reference);
    const matrices = await prunableMatrices(subject, 'adapter', ['v_proj']);
    assert.ok(matrices.every(({ name }) => name.includes('v_proj')));
    const rows = reference.rows.map(rowOf);
    const norms = await computeInputNorms(rows, matrices, contextOf(subject), unwatched);
    const mask = buildMask(scoreMatrices(matrices, { score: 'wanda', norms }), 0.1, 'row');
    const shares = normShares(matrices, mask, norms);
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
    const twice = { ...norms, squares: norms.squares.map((value, i) => (i < norms.width ? 2 * value : value)) };
    const more = normShares(matrices, mask, twice);
    assert.ok(Math.abs(more[0]! / more[1]! - (2 * shares[0]!) / shares[1]!) < 1e-9);
  });
});
