import assert from 'node:assert/strict';
import { exactScores } from '../../../../src/analyses/influence/runs/exactScores';
import { UserError } from '../../../../src/protocol/errors';
import { readReference } from '../../training/support/tinyRun';
import { tinyAttribution } from './support/tinyAttribution';

describe('exact', () => {
  for (const method of ['lora', 'full'] as const)
    it(`${method}: scores are PyTorch's derivatives in float64, row by row and in nats`, async () => {
      // Rows of the data in another order, one edited since, one twice.
      const order = [5, 3, 0, 1, 2, 4, 6, 7, 8, 9, 11];
      const { attribution, queries } = await tinyAttribution(method, 'replayed', (rows) => [
        ...order.map((number) => rows[number]!),
        { ...rows[10]!, encoded: { ...rows[10]!.encoded, encodingHash: 'f'.repeat(64) } },
        rows[3]!,
      ]);
      const rows = attribution.rows.length;
      const { scores, warnings } = await exactScores(attribution, attribution.prepare(queries));
      const reference = readReference(method).influence_through_training.adamw!.derivative_exact_float64;
      for (const q of queries.keys()) {
        for (const [place, number] of order.entries()) {
          // The reference is of the queries' losses.
          const wanted = -reference[number]![q]!;
          const found = scores[q * rows + place]!;
          assert.ok(Math.abs(found - wanted) <= 1e-3 * Math.abs(wanted), `query ${q}, row ${number}: ${found}`);
        }
        assert.equal(scores[q * rows + 11], 0);
        assert.equal(scores[q * rows + 12], 0);
      }
      assert.deepEqual(
        warnings!.map(({ code }) => code),
        ['rows-not-in-run', 'run-smooth'],
      );
      assert.match(warnings![0]!.message, /^2 of 13/);
      // Kept: asked for again nothing is trained, and the numbers are the same.
      assert.deepEqual((await exactScores(attribution, attribution.prepare(queries))).scores, scores);
      await attribution.release();
    });

  for (const [evidence, code] of [
    ['surrogate', 'run-not-replayed'],
    ['noRun', 'run-needed'],
  ] as const)
    it(`refuses where the run is ${evidence}`, async () => {
      const { attribution, queries } = await tinyAttribution('lora', evidence);
      await assert.rejects(
        exactScores(attribution, attribution.prepare(queries)),
        (error: unknown) => error instanceof UserError && error.code === code,
      );
    });
});
