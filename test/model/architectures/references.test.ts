/** Forward pass, loss and gradients against values computed in double precision by transformers. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { differentiate } from '../../../src/graph/differentiate';
import { hessianVectorProduct } from '../../../src/graph/hessianVectorProduct';
import { noAdapter } from '../../../src/model/buildForward';
import { buildLogits } from '../../../src/model/buildLogits';
import {
  atRealPositions,
  type FixtureGraph,
  fixtureGraph,
  type ModelFixture,
  readModelFixture,
} from './support/modelFixture';
import { relativeError, runModelGraph } from './support/runModelGraph';

/** The project's bar for float32; transformers itself in float32 comes to about 3e-6. */
const tolerance = 1e-4;
const hessianTolerance = 1e-3;

const folders = ['models', 'architectures'].flatMap((group) => {
  const root = path.join('test/fixtures', group);
  return readdirSync(root).map((name) => path.join(root, name));
});

/** References call GPT-NeoX's head by its name in memory. */
function referenceName(parameter: string): string {
  return parameter === 'embed_out.weight' ? 'lm_head.weight' : parameter;
}

const measured: string[] = [];

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string, limit = tolerance): number {
  const error = relativeError(actual, expected);
  assert.ok(error <= limit, `${what}: relative error ${error}`);
  return error;
}

async function checkValues(fixture: ModelFixture, graph: FixtureGraph): Promise<void> {
  const { config, expected, weights, batch } = fixture;
  const { builder, forward, loss, feeds, targetPlaces } = graph;
  const logits = buildLogits(builder, config, forward.head, forward.finalNorm);
  const results = await runModelGraph(
    builder.finish([
      { name: 'logits', value: logits },
      { name: 'hidden.final_norm', value: forward.finalNorm },
      { name: 'losses', value: loss.tokenLosses },
      { name: 'rows', value: loss.rowLosses },
      { name: 'mean', value: loss.mean },
      ...forward.layers.flatMap(({ residPre, residPost, attentionProbabilities }, layer) => [
        ...(layer === 0 ? [{ name: 'hidden.0', value: residPre }] : []),
        { name: `hidden.${layer + 1}`, value: residPost },
        { name: `attn.${layer}`, value: attentionProbabilities },
      ]),
    ]),
    weights,
    feeds,
  );
  const width = (name: string): number => expected.get(name)!.length / batch.input_ids.flat().length;
  const errors = new Map<string, number>();
  for (const name of expected.keys()) {
    const result = results[name];
    if (!(result instanceof Float32Array)) continue;
    const actual = name.startsWith('attn.')
      ? attentionAtRealQueries(result, batch.attention_mask, config.headCount)
      : atRealPositions(result, batch.attention_mask, width(name));
    errors.set(name, close(actual, expected.get(name)!, name));
  }
  const tokenLoss = expected.get('token_loss')!;
  const wanted = targetPlaces.map((place) => tokenLoss[place]!);
  close([...(results.losses as Float32Array)], [...wanted, 0], 'token losses');
  const rowSums = batch.input_ids.map((_, row) => {
    const length = batch.input_ids[0]!.length;
    return tokenLoss.slice(row * length, (row + 1) * length).reduce((sum, value) => sum + value, 0);
  });
  close(results.rows as Float32Array, rowSums, 'row losses');
  const total = rowSums.reduce((sum, value) => sum + value, 0);
  close(results.mean as Float32Array, [total / targetPlaces.length], 'mean loss');
  measured.push(`logits ${errors.get('logits')!.toExponential(1)}`);
}

/** Rows of padded queries mean nothing. */
function attentionAtRealQueries(
  values: Float32Array,
  mask: readonly (readonly number[])[],
  heads: number,
): Float32Array {
  const length = mask[0]!.length;
  const byQuery = mask.flatMap((row) => Array.from({ length: heads }, () => row));
  return atRealPositions(values, byQuery, length);
}

async function checkRowGradients(fixture: ModelFixture, graph: FixtureGraph): Promise<void> {
  const { builder, loss, parameters, feeds } = graph;
  const names = [...parameters.keys()];
  let worst = 0;
  for (const row of fixture.batch.input_ids.keys()) {
    if (!fixture.expected.has(`grad.row${row}.${referenceName(names[0]!)}`)) continue;
    const rowLoss = builder.slice(loss.rowLosses, 0, row, row + 1);
    const gradients = differentiate(
      builder,
      rowLoss,
      names.map((name) => parameters.get(name)!),
    );
    const results = await runModelGraph(
      builder.finish(gradients.map((value, i) => ({ name: `gradient of ${names[i]}`, value }))),
      fixture.weights,
      feeds,
    );
    for (const name of names) {
      const expected = fixture.expected.get(`grad.row${row}.${referenceName(name)}`);
      assert.ok(expected, `no reference for ${name}`);
      worst = Math.max(worst, close(results[`gradient of ${name}`] as Float32Array, expected, `row ${row}, ${name}`));
    }
  }
  measured.push(`gradients ${worst.toExponential(1)}`);
}

async function checkHessian(fixture: ModelFixture, graph: FixtureGraph): Promise<void> {
  const { builder, loss, parameters, feeds } = graph;
  const names = [...parameters.keys()];
  const values = names.map((name) => parameters.get(name)!);
  const vectors = values.map(({ name, shape }) => builder.input(`v ${name}`, 'float32', shape));
  const products = hessianVectorProduct(builder, loss.sum, values, vectors);
  const results = await runModelGraph(
    builder.finish(products.map((value, i) => ({ name: `hvp ${names[i]}`, value }))),
    fixture.weights,
    {
      ...feeds,
      ...Object.fromEntries(names.map((name) => [`v ${name}`, fixture.expected.get(`hvp_v.${referenceName(name)}`)!])),
    },
  );
  let worst = 0;
  for (const name of names) {
    const expected = fixture.expected.get(`hvp.${referenceName(name)}`)!;
    worst = Math.max(worst, close(results[`hvp ${name}`] as Float32Array, expected, `hvp ${name}`, hessianTolerance));
  }
  measured.push(`Hessian ${worst.toExponential(1)}`);
}

describe('models against references', () => {
  for (const folder of folders) {
    it(`${path.basename(folder)}: logits, states, attention, losses, gradients of each row`, async function () {
      const fixture = await readModelFixture(folder);
      const graph = fixtureGraph(fixture, () => noAdapter);
      await checkValues(fixture, graph);
      await checkRowGradients(fixture, graph);
      if ([...fixture.expected.keys()].some((name) => name.startsWith('hvp.'))) await checkHessian(fixture, graph);
      this.test!.title += ` (${measured.splice(0).join(', ')})`;
    });
  }
});
