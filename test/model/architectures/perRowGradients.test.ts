/** Projected gradients of rows and of adapters equal projections of the full ones. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { GraphBuilder } from '../../../src/graph/builder';
import { differentiate } from '../../../src/graph/differentiate';
import type { Value } from '../../../src/graph/ir';
import { createRandom } from '../../../src/linalg/random';
import type { LoraValues } from '../../../src/model/architectures/linear';
import { noAdapter } from '../../../src/model/buildForward';
import { buildLogits } from '../../../src/model/buildLogits';
import { buildPerRowAdapterGradients, buildPerRowGradients } from '../../../src/model/buildPerRowGradients';
import type { LinearModule } from '../../../src/model/modelPlan';
import { atRealPositions, fixtureGraph, readModelFixture } from './support/modelFixture';
import { readAllTensors, relativeError, runModelGraph } from './support/runModelGraph';

const tolerance = 1e-4;

function normals(count: number, stream: string): Float32Array {
  const random = createRandom(7, stream);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** a [m, n] (or its transpose) times b [n, k], in float64. */
function product(a: Float64Array, b: ArrayLike<number>, m: number, n: number, k: number): Float64Array {
  const result = new Float64Array(m * k);
  for (let i = 0; i < m; i += 1)
    for (let j = 0; j < n; j += 1) for (let l = 0; l < k; l += 1) result[i * k + l]! += a[i * n + j]! * b[j * k + l]!;
  return result;
}

/** [rows, columns] => [columns, rows] */
function transposed(a: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!);
}

describe('gradients of each row', () => {
  for (const name of readdirSync('test/fixtures/models')) {
    it(`${name}: projected in the graph = projected reference gradient, for every linear module`, async () => {
      const fixture = await readModelFixture(path.join('test/fixtures/models', name));
      const { builder, forward, loss, feeds } = fixtureGraph(fixture, () => noAdapter);
      const [k, l] = [5, 3];
      const given: Record<string, Float32Array> = {};
      const gradients = buildPerRowGradients(builder, forward, loss.sum, ({ module, inputSize, outputSize }) => {
        given[`in ${module}`] = normals(inputSize * k, `in ${module}`);
        given[`out ${module}`] = normals(outputSize * l, `out ${module}`);
        return {
          input: builder.input(`in ${module}`, 'float32', [inputSize, k]),
          output: builder.input(`out ${module}`, 'float32', [outputSize, l]),
        };
      });
      const results = await runModelGraph(
        builder.finish(gradients.map(({ module, gradient }) => ({ name: module.module, value: gradient }))),
        fixture.weights,
        { ...feeds, ...given },
      );
      assert.equal(gradients.length, forward.linears.length);
      for (const { module } of gradients) {
        const { inputSize, outputSize, layout } = module;
        for (const row of fixture.batch.input_ids.keys()) {
          const stored = fixture.expected.get(`grad.row${row}.${module.weight}`)!;
          const full = layout === 'outIn' ? Float64Array.from(stored) : transposed(stored, inputSize, outputSize);
          const right = product(full, given[`in ${module.module}`]!, outputSize, inputSize, k);
          const left = transposed(given[`out ${module.module}`]!, outputSize, l);
          const expected = product(left, right, l, outputSize, k);
          const actual = (results[module.module] as Float32Array).slice(row * l * k, (row + 1) * l * k);
          const error = relativeError(actual, expected);
          assert.ok(error <= tolerance, `row ${row}, ${module.module}: ${error}`);
        }
      }
    });
  }
});

describe('adapters against references', () => {
  for (const name of ['gpt2-lora-c_attn', 'llama-lora-qv']) {
    it(`${name}: logits, gradients of both factors, gradients of each row in one graph`, async () => {
      const folder = path.join('test/fixtures/adapters', name);
      const reference = JSON.parse(readFileSync(path.join(folder, 'reference.json'), 'utf8')) as {
        base: string;
        peft_settings: { r: number; lora_alpha: number };
      };
      const { r, lora_alpha: alpha } = reference.peft_settings;
      const fixture = await readModelFixture(path.join('test/fixtures', reference.base));
      const saved = await readAllTensors(path.join(folder, 'adapter_model.safetensors'));
      const expected = await readAllTensors(path.join(folder, 'reference.safetensors'));
      const savedName = ({ module }: LinearModule, factor: 'A' | 'B'): string =>
        `base_model.model.${module}.lora_${factor}.weight`;
      const factors = new Map<string, Value>();
      const adapter =
        (builder: GraphBuilder) =>
        (module: LinearModule): LoraValues | undefined => {
          if (!saved.has(savedName(module, 'A'))) return undefined;
          const factor = (letter: 'A' | 'B', shape: readonly number[]): Value => {
            const value = builder.input(savedName(module, letter), 'float32', shape);
            factors.set(value.name, value);
            return value;
          };
          return { a: factor('A', [r, module.inputSize]), b: factor('B', [module.outputSize, r]), scaling: alpha / r };
        };
      const { builder, forward, loss, feeds } = fixtureGraph(fixture, adapter);
      assert.equal(factors.size, saved.size);
      const names = [...factors.keys()];
      const rows = fixture.batch.input_ids.length;
      const byRow = [...Array(rows).keys()].flatMap((row) =>
        differentiate(builder, builder.slice(loss.rowLosses, 0, row, row + 1), [...factors.values()]).map(
          (value, i) => ({ name: `grad.row${row}.${names[i]}`, value }),
        ),
      );
      const together = buildPerRowAdapterGradients(builder, forward, loss.sum, () => ({
        input: undefined,
        output: undefined,
      }));
      const results = await runModelGraph(
        builder.finish([
          { name: 'logits', value: buildLogits(builder, fixture.config, forward.head, forward.finalNorm) },
          ...byRow,
          ...together.flatMap(({ module, a, b }) => [
            { name: `rows ${savedName(module, 'A')}`, value: a },
            { name: `rows ${savedName(module, 'B')}`, value: b },
          ]),
        ]),
        fixture.weights,
        { ...feeds, ...Object.fromEntries(saved) },
      );
      const logits = atRealPositions(
        results.logits as Float32Array,
        fixture.batch.attention_mask,
        fixture.config.vocabularySize,
      );
      assert.ok(relativeError(logits, expected.get('logits')!) <= tolerance);
      for (const [key, gradient] of expected) {
        const match = /^grad\.row(\d+)\.(.*)$/.exec(key);
        if (match === null) continue;
        assert.ok(relativeError(results[key] as Float32Array, gradient) <= tolerance, key);
        const all = results[`rows ${match[2]}`] as Float32Array;
        const row = Number(match[1]);
        const own = all.slice(row * gradient.length, (row + 1) * gradient.length);
        assert.ok(relativeError(own, gradient) <= tolerance, `${key} among all rows`);
      }
    });
  }

  it('an adapter on the head changes logits and loss alike', async () => {
    const fixture = await readModelFixture('test/fixtures/architectures/gemma2');
    const { hiddenSize, vocabularySize } = fixture.config;
    const onHead =
      (builder: GraphBuilder) =>
      (module: LinearModule): LoraValues | undefined =>
        module.role === 'head'
          ? {
              a: builder.input('a', 'float32', [2, hiddenSize]),
              b: builder.input('b', 'float32', [vocabularySize, 2]),
              scaling: 0.5,
            }
          : undefined;
    const { builder, loss, feeds } = fixtureGraph(fixture, onHead);
    const results = await runModelGraph(
      builder.finish([
        { name: 'logits', value: loss.logits },
        { name: 'log probabilities', value: loss.logProbabilities },
      ]),
      fixture.weights,
      { ...feeds, a: normals(2 * hiddenSize, 'a'), b: normals(2 * vocabularySize, 'b') },
    );
    const logits = results.logits as Float32Array;
    const plain = fixtureGraph(fixture, () => noAdapter);
    const without = await runModelGraph(
      plain.builder.finish([{ name: 'logits', value: plain.loss.logits }]),
      fixture.weights,
      feeds,
    );
    assert.ok(relativeError(logits, without.logits as Float32Array) > 0.01);
    const targets = [...(feeds.targets as readonly number[])];
    const expected = targets.map((target, i) => {
      const row = Array.from(logits.slice(i * vocabularySize, (i + 1) * vocabularySize));
      return row[target]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
    });
    assert.ok(relativeError(results['log probabilities'] as Float32Array, expected) <= 1e-5);
  });
});
