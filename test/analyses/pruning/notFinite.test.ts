/** Numbers that are none: refused by name, never pruned by. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { computeInputNorms } from '../../../src/analyses/pruning/calibrate';
import { prunableMatrices } from '../../../src/analyses/pruning/matrices';
import { mapWeights } from '../../../src/model/checkpoint/mapWeights';
import { openLanguageModel } from '../../../src/model/openLanguageModel';
import { UserError } from '../../../src/protocol/errors';
import { createSessionCache, type SessionCache } from '../../../src/runtime/sessionCache';
import { temporaryFolder } from '../../support/temporaryFolder';

const where = { workingFolder: '.', environment: {}, homeFolder: '/', now: () => new Date(0) };
const adapter = path.resolve('test/fixtures/adapters/llama-lora-qv');
const sourceWith = (folder: string) => ({
  label: 'tuned',
  path: path.resolve('test/fixtures/models/llama'),
  adapter: folder,
});

function rowOf(ids: readonly number[]) {
  return { ids: Int32Array.from(ids), labels: Int32Array.from(ids, (id, t) => (t === 0 ? -100 : id)) };
}

describe('numbers that are not finite', () => {
  const folder = temporaryFolder('whence-not-finite-');
  let sessions: SessionCache;
  before(() => {
    sessions = createSessionCache({ sized: 2, others: 2 });
  });
  after(() => sessions.releaseAll());

  it('in the weights of an adapter are refused with the name of the file', async () => {
    const copy = path.join(folder, 'adapter');
    cpSync(adapter, copy, { recursive: true });
    const file = path.join(copy, 'adapter_model.safetensors');
    const bytes = readFileSync(file);
    bytes.writeFloatLE(Number.NaN, 8 + Number(bytes.readBigUInt64LE(0)));
    writeFileSync(file, bytes);
    await assert.rejects(openLanguageModel(sourceWith(copy), where), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.code, 'weights-not-finite');
      assert.match(error.message, /adapter_model\.safetensors: tensor ".+" holds 1 NaN/);
      return true;
    });
  });

  it('in activations are refused with the row that gave them', async () => {
    const opened = await openLanguageModel(sourceWith(adapter), where);
    const weights = await mapWeights(opened.checkpoint, folder, () => undefined);
    // Finite, and beyond float32 after one product.
    const modules = new Map(
      [...opened.adapter!.modules].map(([name, lora]) => [
        name,
        { ...lora, a: { ...lora.a, data: lora.a.data.map(() => 3e38) } },
      ]),
    );
    const model = { ...opened, adapter: { ...opened.adapter!, modules } };
    const matrices = await prunableMatrices({ model, weights, baseWeights: undefined }, 'adapter', []);
    const context = { model, weights, sessions, place: { device: 'cpu' as const, threads: 1 } };
    const unwatched = { onMemory: () => undefined, onRows: () => undefined };
    await assert.rejects(computeInputNorms([rowOf([3, 4, 5])], matrices, context, unwatched), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.code, 'results-not-finite');
      assert.match(error.message, /^tuned computes activations of calibration row 1 of 1 that are not finite/);
      return true;
    });
  });
});
