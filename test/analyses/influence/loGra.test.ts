import assert from 'node:assert/strict';
import { loGra } from '../../../src/analyses/influence/estimators/loGra';
import { type Columns, columnsOf } from '../../../src/analyses/influence/gradients/columns';
import { memoryGradients } from '../../../src/analyses/influence/gradients/memoryGradients';
import { projectColumns } from '../../../src/analyses/influence/projected/projectColumns';
import { createProjectedSolver } from '../../../src/analyses/influence/projected/projectedSolver';
import { computeTokenScores } from '../../../src/analyses/influence/tokens/tokenScores';
import type { TrackedKind } from '../../../src/model/buildModuleSides';
import type { LanguageModel } from '../../../src/model/openLanguageModel';
import { UserError } from '../../../src/protocol/errors';
import { contextOf, fullModel, gradientsOf, loraModel, reference, relativeError, rowsOf, solveDense } from './support';

/** P_out^T D P_in of every row and module, in float64, from whole gradients. */
function projectedDirectly(whole: Float32Array, columns: Columns, narrow: Columns): Float64Array {
  const rows = whole.length / columns.width;
  const { feeds, sides } = narrow.projection!;
  const result = new Float64Array(rows * narrow.width);
  for (const [c, { name, offset, inputSize, outputSize }] of columns.list.entries()) {
    const to = narrow.list[c]!;
    const { input, output } = sides.get(name)!;
    const entry = (feed: string | undefined, i: number, j: number, width: number): number =>
      feed === undefined ? Number(i === j) : feeds[feed]![i * width + j]!;
    for (let row = 0; row < rows; row++)
      for (let o = 0; o < outputSize; o++)
        for (let i = 0; i < inputSize; i++) {
          const value = whole[row * columns.width + offset + o * inputSize + i]!;
          for (let l = 0; l < to.outputSize; l++) {
            const left = value * entry(output, o, l, to.outputSize);
            if (left === 0) continue;
            for (let k = 0; k < to.inputSize; k++)
              result[row * narrow.width + to.offset + l * to.inputSize + k]! += left * entry(input, i, k, to.inputSize);
          }
        }
  }
  return result;
}

/** p_q . (C + 0.1 tr(C) / d I)^-1 p_k by elimination in float64. */
function scoresDirectly(rows: Float64Array, query: Float64Array, width: number): number[] {
  const count = rows.length / width;
  const moment = new Float64Array(width * width);
  for (let i = 0; i < width; i++)
    for (let j = 0; j < width; j++)
      for (let row = 0; row < count; row++)
        moment[i * width + j]! += (rows[row * width + i]! * rows[row * width + j]!) / count;
  let trace = 0;
  for (let i = 0; i < width; i++) trace += moment[i * width + i]!;
  for (let i = 0; i < width; i++) moment[i * width + i]! += (0.1 * trace) / width;
  const direction = solveDense(moment, query);
  return Array.from({ length: count }, (_, row) =>
    direction.reduce((sum, value, j) => sum + value * rows[row * width + j]!, 0),
  );
}

const kinds: readonly { readonly kind: TrackedKind; readonly open: () => Promise<LanguageModel> }[] = [
  { kind: 'linear', open: fullModel },
  { kind: 'adapter', open: loraModel },
];

describe('logra', () => {
  // Twelve rows: fewer than the dimensions, and more.
  for (const { kind, open } of kinds)
    for (const dimensions of [300, 16])
      it(`${kind}, ${dimensions} dimensions: is what projecting and solving directly gives`, async () => {
        const model = await open();
        const context = await contextOf(model);
        const columns = columnsOf(model, kind);
        const narrow = projectColumns(columns, { dimensions, seed: 7 });
        const rows = [...rowsOf(reference.batch), ...rowsOf(reference.batch), ...rowsOf(reference.query_batch)];
        assert.equal(rows.length < narrow.width, dimensions === 300);
        const queries = rowsOf(reference.query_batch);
        const found = {
          gradients: memoryGradients(narrow, await gradientsOf(rows, narrow, context)),
          queries: await gradientsOf(queries, narrow, context),
          count: 2,
        };
        const wholeRows = projectedDirectly(await gradientsOf(rows, columns, context), columns, narrow);
        const wholeQueries = projectedDirectly(await gradientsOf(queries, columns, context), columns, narrow);
        assert.ok(relativeError(found.queries, [...wholeQueries]) < 1e-4);
        const solver = await createProjectedSolver(found.gradients, 0.1);
        const { scores, directions } = await loGra(found, solver);
        for (const q of [0, 1]) {
          const query = wholeQueries.subarray(q * narrow.width, (q + 1) * narrow.width);
          const expected = scoresDirectly(wholeRows, query, narrow.width);
          assert.ok(relativeError(scores.subarray(q * rows.length, (q + 1) * rows.length), expected) < 1e-3);
        }
        const positions = await computeTokenScores(rows, 5, directions!.subarray(0, narrow.width), narrow, context);
        const sums = positions.map((values) => values.reduce((sum, value) => sum + value, 0));
        assert.ok(relativeError(sums, [...scores.subarray(0, rows.length)]) < 1e-3);
        await context.sessions.releaseAll();
      });

  it('spreads dimensions by size, and leaves narrow sides as they are', async () => {
    const columns = columnsOf(await loraModel(), 'adapter');
    const { list, width } = projectColumns(columns, { dimensions: 512, seed: 1 });
    assert.ok(Math.abs(width - 512) < 0.2 * 512, `${width}`);
    for (const [i, { inputSize, outputSize, size }] of columns.list.entries()) {
      const narrow = list[i]!;
      assert.ok(narrow.size <= size && Math.abs(narrow.size - (512 * size) / columns.width) <= 8);
      if (narrow.outputSize === outputSize || narrow.inputSize === inputSize) continue;
      assert.ok(Math.abs(narrow.inputSize - narrow.outputSize) <= 2);
    }
  });

  it('all dimensions: nothing is projected', async () => {
    const columns = columnsOf(await loraModel(), 'adapter');
    const all = projectColumns(columns, { dimensions: columns.width, seed: 1 });
    assert.equal(all.width, columns.width);
    assert.deepEqual(all.projection!.feeds, {});
  });

  for (const [what, value] of [
    ['zero', () => 0],
    ['the same', (j: number) => j + 1],
    ['not finite', (j: number) => (j === 3 ? Number.NaN : j)],
  ] as const)
    it(`projections that are ${what} are refused`, async () => {
      const columns = columnsOf(await loraModel(), 'adapter');
      const narrow = projectColumns(columns, { dimensions: 64, seed: 1 });
      const values = Float32Array.from({ length: 5 * narrow.width }, (_, i) => value(i % narrow.width));
      await assert.rejects(
        createProjectedSolver(memoryGradients(narrow, values), 0.1),
        (error: unknown) =>
          error instanceof UserError && error.code === 'projections-degenerate' && error.message.includes('5 of 5'),
      );
    });
});
