import assert from 'node:assert/strict';
import { type AstraSettings, astra } from '../../../src/analyses/influence/estimators/astra';
import { kroneckerFactored } from '../../../src/analyses/influence/estimators/kroneckerFactored';
import { moduleDampings } from '../../../src/analyses/influence/factors/factors';
import { conjugateGradients } from '../../../src/analyses/influence/gaussNewton/conjugateGradients';
import { gaussNewtonProducts } from '../../../src/analyses/influence/gaussNewton/gaussNewtonProducts';
import type { Columns } from '../../../src/analyses/influence/gradients/columns';
import { type PassContext, plainInputs, planRowPasses, runRowPasses } from '../../../src/analyses/passes/rowPasses';
import { cholesky } from '../../../src/linalg/cholesky/cholesky';
import { solveCholesky } from '../../../src/linalg/cholesky/solveCholesky';
import { gramMatrix } from '../../../src/linalg/products/gramMatrix';
import { createRandom } from '../../../src/linalg/random';
import { tinyAttribution } from './runs/support/tinyAttribution';
import { gradientsOf, type ReferenceRow, relativeError, solveDense } from './support';

/** sqrt(p) times the gradient of -log p of every token at every trained place: their second moment is G. */
async function explicitRoots(
  rows: readonly ReferenceRow[],
  columns: Columns,
  context: PassContext,
): Promise<{ readonly roots: Float64Array; readonly count: number }> {
  const single: { readonly row: ReferenceRow; readonly probability: number }[] = [];
  const plan = planRowPasses(rows, 5, context.model.config);
  const program = {
    key: 'logits',
    outputs: ({ loss }: { loss: { logits: never } }) => [{ name: 'logits', value: loss.logits }],
  };
  await runRowPasses(rows, plan, program as never, context, plainInputs, ({ rows: pass, outputs, feeds, shape }) => {
    const logits = outputs.logits as Float32Array;
    const vocabulary = logits.length / shape.trained;
    for (const [place, i] of feeds.rowOfPlace.entries()) {
      const own = Float64Array.from(logits.subarray(place * vocabulary, (place + 1) * vocabulary));
      const largest = Math.max(...own);
      const total = own.reduce((sum, value) => sum + Math.exp(value - largest), 0);
      const row = rows[pass[i]!]!;
      const position = (Number(feeds.places[place]) % shape.length) + 1;
      for (let token = 0; token < vocabulary; token++) {
        const labels = new Int32Array(row.labels.length).fill(-100);
        labels[position] = token;
        single.push({ row: { ...row, labels }, probability: Math.exp(own[token]! - largest) / total });
      }
    }
  });
  const gradients = await gradientsOf(
    single.map(({ row }) => row),
    columns,
    context,
  );
  const roots = Float64Array.from(
    gradients,
    (value, i) => value * Math.sqrt(single[Math.floor(i / columns.width)]!.probability),
  );
  return { roots, count: single.length };
}

/** To the last iteration, over all rows, with dampings of the mean eigenvalue. */
function settingsOf(iterations: number): AstraSettings {
  return { iterations, tolerance: 0, rows: 9, damping: { withoutRun: 1, least: 1 } };
}

describe('conjugate gradients', () => {
  it('reach the dense solution in as many steps as there are unknowns, each system by itself', async () => {
    const random = createRandom(5, 'system');
    const [width, count] = [12, 3];
    const roots = Float64Array.from({ length: width * width }, () => random.uniform() - 0.5);
    const matrix = new Float64Array(width * width);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++) {
        for (let k = 0; k < width; k++) matrix[i * width + j]! += roots[i * width + k]! * roots[j * width + k]!;
        if (i === j) matrix[i * width + j]! += 0.1;
      }
    const times = (rows: Float64Array, scale: (i: number, j: number) => number): Float64Array =>
      Float64Array.from(rows, (_, at) => {
        const [system, i] = [Math.floor(at / width), at % width];
        let sum = 0;
        for (let j = 0; j < width; j++) sum += scale(i, j) * rows[system * width + j]!;
        return sum;
      });
    const sides = Float64Array.from({ length: count * width }, (_, i) => (i < width ? 0 : random.uniform() - 0.5));
    const { vectors, residuals } = await conjugateGradients(
      {
        count,
        width,
        multiply: async (x) => times(x, (i, j) => matrix[i * width + j]!),
        precondition: async (x) => times(x, (i, j) => (i === j ? 1 / matrix[i * width + i]! : 0)),
      },
      sides,
      width + 2,
      0,
    );
    assert.ok(residuals.every((residual) => residual < 1e-9));
    for (let i = 0; i < count; i++) {
      const expected = solveDense(matrix, sides.subarray(i * width, (i + 1) * width));
      for (let j = 0; j < width; j++) assert.ok(Math.abs(vectors[i * width + j]! - expected[j]!) < 1e-8);
    }
  });
});

describe('astra', () => {
  for (const method of ['lora', 'full'] as const)
    it(`${method}: products are those with the explicit Gauss-Newton matrix, scores those of its solution`, async () => {
      // Few trained tokens: the explicit matrix has a gradient for every token of the vocabulary at each.
      const kept = method === 'lora' ? 4 : 1;
      const { attribution, queries } = await tinyAttribution(method, 'noRun', (rows) =>
        rows.slice(0, kept).map((row) => {
          const trained = [...row.encoded.labels.keys()].filter((t) => t > 0 && row.encoded.labels[t] !== -100);
          const labels = row.encoded.labels.map((label, t) => (trained.indexOf(t) < 1 ? label : -100));
          return { ...row, encoded: { ...row.encoded, labels } };
        }),
      );
      const { columns, place, rows } = attribution;
      const { width } = columns;
      const { roots, count } = await explicitRoots(rows, columns, place);
      const random = createRandom(3, 'directions');
      const vectors = Float32Array.from({ length: 5 * width }, () => random.uniform() - 0.5);
      const plan = planRowPasses(rows, 5, place.model.config);
      const products = await gaussNewtonProducts(vectors, 5, rows, plan, columns, place, () => undefined);
      for (let v = 0; v < 5; v++) {
        const expected = new Float64Array(width);
        for (let i = 0; i < count; i++) {
          let along = 0;
          for (let j = 0; j < width; j++) along += roots[i * width + j]! * vectors[v * width + j]!;
          for (let j = 0; j < width; j++) expected[j]! += (roots[i * width + j]! * along) / rows.length;
        }
        assert.ok(relativeError(products.subarray(v * width, (v + 1) * width), [...expected]) < 1e-4);
      }

      // The dense solution of the larger model would take minutes.
      if (method === 'full') return attribution.release();
      const prepared = attribution.prepare(queries);
      const { gradients } = await prepared.gradients();
      const { factors, rotator } = await attribution.curvature('ekfac');
      const input = { gradients: await attribution.gradients(), queries: gradients, count: 2, factors, rotator };
      const start = await astra(attribution, prepared, settingsOf(0));
      const ekfac = await kroneckerFactored({ ...input, damping: 1 });
      assert.ok(relativeError(start.scores, [...ekfac.scores]) < 1e-5);

      // (R^T R / n + D)^-1 g = D^-1 g - D^-1 R^T (n I + R D^-1 R^T)^-1 R D^-1 g, in float64.
      const inverse = new Float64Array(width);
      for (const [c, { offset, size }] of columns.list.entries())
        inverse.fill(1 / moduleDampings(factors, 1)[c]!, offset, offset + size);
      const scaled = roots.map((value, i) => value * Math.sqrt(inverse[i % width]!));
      const gram = gramMatrix(scaled, count, width);
      for (let i = 0; i < count; i++) gram[i * count + i]! += rows.length;
      const factor = cholesky(gram, count);
      const solved = new Float32Array(2 * width);
      for (let q = 0; q < 2; q++) {
        const side = Float64Array.from({ length: count }, (_, i) => {
          let sum = 0;
          for (let j = 0; j < width; j++) sum += roots[i * width + j]! * inverse[j]! * gradients[q * width + j]!;
          return sum;
        });
        const weights = solveCholesky(factor, count, side, 1);
        for (let j = 0; j < width; j++) {
          let sum = gradients[q * width + j]!;
          for (let i = 0; i < count; i++) sum -= roots[i * width + j]! * weights[i]!;
          solved[q * width + j] = inverse[j]! * sum;
        }
      }
      const expected = await input.gradients.scan(solved, 2);
      const { scores } = await astra(attribution, prepared, settingsOf(200));
      assert.ok(relativeError(scores, [...expected]) < 1e-2, `${relativeError(scores, [...expected])}`);
      assert.ok(relativeError(ekfac.scores, [...expected]) > 2e-2, `${relativeError(ekfac.scores, [...expected])}`);
      await attribution.release();
    });
});
