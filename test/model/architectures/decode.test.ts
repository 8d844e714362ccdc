/** Decoding with a cache gives what transformers' greedy search gives without one. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { GraphBuilder } from '../../../src/graph/builder';
import { buildDecodeStep, cacheInputs } from '../../../src/model/buildDecodeStep';
import { noAdapter, observe } from '../../../src/model/buildForward';
import { buildPrefill } from '../../../src/model/buildPrefill';
import {
  cacheFeeds,
  createKeyValueCache,
  grownKeyValueCache,
  storePrefill,
  storeStep,
} from '../../../src/model/keyValueCache';
import { type ModelFixture, readModelFixture } from './support/modelFixture';
import { openModelSession, relativeError, runModelGraph } from './support/runModelGraph';

const folders = ['models', 'architectures'].flatMap((group) => {
  const root = path.join('test/fixtures', group);
  return readdirSync(root).map((name) => path.join(root, name));
});

interface Decoded {
  readonly newIds: readonly (readonly number[])[];
  /** Logits of the last step, [B, V]. */
  readonly lastLogits: Float32Array;
}

const parameterOf =
  (builder: GraphBuilder) =>
  (name: string, shape: readonly number[]): ReturnType<GraphBuilder['weight']> =>
    builder.weight(name, shape);

async function decode(
  { config, weights }: ModelFixture,
  prompts: readonly (readonly number[])[],
  count: number,
  forced: readonly (readonly number[])[] | undefined,
): Promise<Decoded> {
  const batch = prompts.length;
  const longest = Math.max(...prompts.map(({ length }) => length));
  const length = longest + 2;
  const capacity = longest + count;
  const lengths = prompts.map((prompt) => prompt.length);

  const first = new GraphBuilder();
  const prefill = buildPrefill(first, config, {
    inputIds: first.input('input_ids', 'int64', [batch, length]),
    lengths: first.input('lengths', 'int64', [batch]),
    parameter: parameterOf(first),
    adapter: noAdapter,
    intervene: observe,
    sequenceLength: capacity,
  });
  const begun = await runModelGraph(
    first.finish([
      { name: 'next', value: prefill.nextIds },
      ...prefill.keys.map((value, layer) => ({ name: `keys ${layer}`, value })),
      ...prefill.values.map((value, layer) => ({ name: `values ${layer}`, value })),
    ]),
    weights,
    { input_ids: prompts.flatMap((prompt) => [...prompt, ...Array(length - prompt.length).fill(5)]), lengths },
  );
  // Starts too small and grows, as a caller that does not know the end would do.
  const small = createKeyValueCache(config, batch, longest);
  config.layers.forEach((_, layer) => {
    storePrefill(small, layer, begun[`keys ${layer}`] as Float32Array, begun[`values ${layer}`] as Float32Array);
  });
  const cache = grownKeyValueCache(config, small, capacity);

  const second = new GraphBuilder();
  const step = buildDecodeStep(second, config, {
    inputIds: second.input('input_ids', 'int64', [batch]),
    positions: second.input('positions', 'int64', [batch]),
    ...cacheInputs(second, config, batch, capacity),
    parameter: parameterOf(second),
    adapter: noAdapter,
    intervene: observe,
    sequenceLength: capacity,
  });
  const session = await openModelSession(
    second.finish(Object.entries(step).map(([name, value]) => ({ name, value }))),
    weights,
  );
  let ids = Array.from(begun.next as BigInt64Array, Number);
  const newIds = ids.map((id) => [id]);
  let lastLogits: Float32Array = new Float32Array();
  for (let done = 1; done < count; done += 1) {
    const positions = lengths.map((size) => size + done - 1);
    const fed = forced?.map((row) => row[done - 1]!) ?? ids;
    const results = await session.run({ input_ids: fed, positions, ...cacheFeeds(cache) });
    storeStep(cache, results.newKeys as Float32Array, results.newValues as Float32Array, positions);
    ids = Array.from(results.nextIds as BigInt64Array, Number);
    ids.forEach((id, row) => {
      newIds[row]!.push(id);
    });
    lastLogits = results.logits as Float32Array;
  }
  await session.release();
  return { newIds, lastLogits };
}

describe('decoding', () => {
  for (const folder of folders) {
    it(`${path.basename(folder)}: greedy continuations of prompts of different lengths in one batch`, async () => {
      const fixture = await readModelFixture(folder);
      const prompts = fixture.greedy.map(({ input_ids }) => input_ids);
      const { newIds } = await decode(fixture, prompts, fixture.greedy[0]!.new_ids.length, undefined);
      assert.deepEqual(
        newIds,
        fixture.greedy.map(({ new_ids }) => new_ids),
      );
    });
  }

  for (const folder of folders) {
    it(`${path.basename(folder)}: the logits of a step are those of the whole row`, async () => {
      const fixture = await readModelFixture(folder);
      const row = fixture.batch.input_ids[0]!.slice(
        0,
        fixture.batch.attention_mask[0]!.filter((flag) => flag === 1).length,
      );
      // Long rows keep longrope on one side of its switch; one prompt is one shorter than the other.
      const start = row.length - 4;
      const rows = [row, row.slice(0, -1)];
      const { lastLogits } = await decode(
        fixture,
        [row.slice(0, start), row.slice(0, start - 1)],
        5,
        rows.map((ids, i) => ids.slice(start - i)),
      );
      const vocabulary = fixture.config.vocabularySize;
      const expected = fixture.expected.get('logits')!;
      // Same weights, same order of sums up to the split softmax: float32 rounding only.
      for (const [i, { length }] of rows.entries()) {
        const wanted = expected.slice((length - 1) * vocabulary, length * vocabulary);
        const error = relativeError(lastLogits.slice(i * vocabulary, (i + 1) * vocabulary), wanted);
        assert.ok(error <= 1e-5, `row ${i}: relative error ${error}`);
      }
    });
  }
});
