/** What must hold of every family, whatever its numbers: causality, padding that means nothing, rows that do not meet. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { GraphBuilder } from '../../../src/graph/builder';
import { createRandom } from '../../../src/linalg/random';
import { buildForward, noAdapter, observe } from '../../../src/model/buildForward';
import { buildLogits } from '../../../src/model/buildLogits';
import { initialParameters } from '../../../src/model/initialParameters';
import { linearModules } from '../../../src/model/linearModules';
import { parameterShapes } from '../../../src/model/parameterShapes';
import { parseModelConfig } from '../../../src/model/parseModelConfig';
import { realPositions } from '../../../src/model/realPositions';
import { UserError } from '../../../src/protocol/errors';
import { type ModelFixture, readModelFixture } from './support/modelFixture';
import { openModelSession, relativeError, runModelGraph } from './support/runModelGraph';

const root = 'test/fixtures/architectures';
const [batch, length] = [3, 9];

async function logitsOf(
  fixture: ModelFixture,
  shared: number,
): Promise<{
  run(rows: readonly (readonly number[])[]): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}> {
  const { config, weights } = fixture;
  const builder = new GraphBuilder();
  const forward = buildForward(builder, config, {
    inputIds: builder.input('input_ids', 'int64', [batch, length - shared]),
    ...(shared === 0 ? {} : { sharedIds: builder.input('shared_ids', 'int64', [shared]) }),
    parameter: (name, shape) => builder.weight(name, shape),
    adapter: noAdapter,
    intervene: observe,
  });
  const logits = buildLogits(builder, config, forward.head, forward.finalNorm);
  const session = await openModelSession(builder.finish([{ name: 'logits', value: logits }]), weights);
  return {
    run: async (rows) => {
      const { logits: all } = await session.run({
        input_ids: rows.flatMap((row) => row.slice(shared)),
        ...(shared === 0 ? {} : { shared_ids: rows[0]!.slice(0, shared) }),
      });
      const [start, width] = [shared * config.vocabularySize, (length - shared) * config.vocabularySize];
      const values = all as Float32Array;
      return rows.map((_, row) =>
        Float32Array.of(...values.slice(0, start), ...values.slice(start + row * width, start + (row + 1) * width)),
      );
    },
    release: () => session.release(),
  };
}

describe('every family', () => {
  for (const name of readdirSync(root)) {
    it(`${name}: later tokens change nothing before them, rows nothing in each other, their order nothing`, async () => {
      const fixture = await readModelFixture(path.join(root, name));
      const { vocabularySize } = fixture.config;
      const random = createRandom(3, name);
      const draw = (): number[] => Array.from({ length }, () => random.integer(vocabularySize));
      const rows = [draw(), draw(), draw()];
      const { run, release } = await logitsOf(fixture, 0);
      const before = await run(rows);
      // Real length 5: what stands at and after position 5 is padding.
      const padded = [rows[0]!, [...rows[1]!.slice(0, 5), ...draw().slice(5)], rows[2]!];
      const after = await run(padded);
      const real = 5 * vocabularySize;
      assert.deepEqual(after[1]!.slice(0, real), before[1]!.slice(0, real));
      assert.notDeepEqual(after[1]!.slice(real), before[1]!.slice(real));
      assert.deepEqual([after[0], after[2]], [before[0], before[2]]);
      const turned = await run([rows[2]!, rows[0]!, rows[1]!]);
      // Matrix kernels take rows in blocks, so a row's place in the batch may change its rounding.
      [before[2]!, before[0]!, before[1]!].forEach((expected, row) => {
        assert.ok(relativeError(turned[row]!, expected) < 1e-5);
      });
      await release();
    });

    it(`${name}: tokens that rows begin with are computed once and give what each row gives alone`, async () => {
      const fixture = await readModelFixture(path.join(root, name));
      const random = createRandom(4, name);
      const draw = (count: number): number[] =>
        Array.from({ length: count }, () => random.integer(fixture.config.vocabularySize));
      const start = draw(4);
      const rows = [0, 1, 2].map(() => [...start, ...draw(length - 4)]);
      const [apart, once] = [await logitsOf(fixture, 0), await logitsOf(fixture, 4)];
      const [expected, found] = [await apart.run(rows), await once.run(rows)];
      // Sums over the same numbers in another order.
      for (const row of rows.keys()) assert.ok(relativeError(found[row]!, expected[row]!) < 1e-5, `row ${row}`);
      await apart.release();
      await once.release();
    });
  }

  it('parameter names and shapes are those of the checkpoint, and each linear module is applied once', async () => {
    for (const name of readdirSync(root)) {
      const { config, weights } = await readModelFixture(path.join(root, name));
      assert.deepEqual([...parameterShapes(config).keys()].sort(), [...weights.keys()].sort());
      const builder = new GraphBuilder();
      const used = new Set<string>();
      const { linears } = buildForward(builder, config, {
        inputIds: builder.input('input_ids', 'int64', [1, 4]),
        parameter: (parameter, shape) => {
          assert.deepEqual(shape, parameterShapes(config).get(parameter), parameter);
          used.add(parameter);
          return builder.weight(parameter, shape);
        },
        adapter: noAdapter,
        intervene: observe,
      });
      assert.deepEqual([...used].sort(), [...weights.keys()].sort());
      assert.deepEqual(
        linears.map(({ module }) => module.module),
        linearModules(config)
          .slice(0, -1)
          .map(({ module }) => module),
      );
    }
  });

  it('an intervention at a hook point changes what follows it and nothing before', async () => {
    const { config, weights } = await readModelFixture(path.join(root, 'gemma2'));
    const builder = new GraphBuilder();
    const build = (layer: number | undefined) =>
      buildForward(builder, config, {
        inputIds: builder.int64([1, 2, 3, 4], [1, 4]),
        parameter: (name, shape) => builder.weight(name, shape),
        adapter: noAdapter,
        intervene: (point, value) =>
          point.name === 'mlp_out' && point.layer === layer ? builder.scale(value, 0) : value,
      });
    const plain = build(undefined);
    const ablated = build(1);
    const results = await runModelGraph(
      builder.finish([
        { name: 'mid', value: plain.layers[1]!.residMid! },
        { name: 'post', value: ablated.layers[1]!.residPost },
      ]),
      weights,
      {},
    );
    assert.deepEqual(results.post, results.mid);
  });

  it('real positions are those before each row’s length', async () => {
    const { weights } = await readModelFixture(path.join(root, 'gemma2'));
    const builder = new GraphBuilder();
    const mask = realPositions(builder, builder.input('lengths', 'int64', [3]), 4);
    const results = await runModelGraph(builder.finish([{ name: 'mask', value: mask }]), weights, {
      lengths: [4, 1, 3],
    });
    assert.deepEqual([...(results.mask as Float32Array)], [1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0]);
  });

  it('rows longer than learned positions or dynamic rope allow are refused', async () => {
    for (const [name, limit] of [
      ['gpt2-odd', 21],
      ['llama-dynamic', 64],
    ] as const) {
      const { config } = await readModelFixture(path.join(root, name));
      assert.equal(config.lengthLimit, limit);
      const builder = new GraphBuilder();
      assert.throws(
        () =>
          buildForward(builder, config, {
            inputIds: builder.input('input_ids', 'int64', [1, limit + 1]),
            parameter: (parameter, shape) => builder.weight(parameter, shape),
            adapter: noAdapter,
            intervene: observe,
          }),
        (error: unknown) => error instanceof UserError && error.code === 'rows-too-long',
      );
    }
  });
});

describe('initial parameters', () => {
  const config = parseModelConfig(
    { model_type: 'gpt2', n_embd: 32, n_head: 2, n_layer: 2, vocab_size: 50, n_positions: 16 },
    'config.json',
  );

  it('equal seeds give equal bits, other seeds others', () => {
    assert.deepEqual(initialParameters(config, 5), initialParameters(config, 5));
    assert.notDeepEqual(
      initialParameters(config, 5).get('transformer.wte.weight'),
      initialParameters(config, 6).get('transformer.wte.weight'),
    );
  });

  it('weights have the deviation asked for, norms are neutral, biases zero, shapes those of the checkpoint', () => {
    const parameters = initialParameters(config, 5);
    for (const [name, shape] of parameterShapes(config)) {
      assert.equal(
        parameters.get(name)!.length,
        shape.reduce((product, extent) => product * extent, 1),
      );
    }
    const deviation = (name: string): number => {
      const values = parameters.get(name)!;
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    // 3,072 draws: the deviation of their deviation is 1.3 %.
    assert.ok(Math.abs(deviation('transformer.h.0.attn.c_attn.weight') / 0.02 - 1) < 0.06);
    assert.ok(Math.abs(deviation('transformer.h.0.mlp.c_proj.weight') / 0.01 - 1) < 0.06);
    assert.ok(parameters.get('transformer.h.1.ln_2.weight')!.every((value) => value === 1));
    assert.ok(parameters.get('transformer.h.1.attn.c_attn.bias')!.every((value) => value === 0));
    const gemma = parseModelConfig({ model_type: 'gemma2', hidden_size: 32, num_hidden_layers: 1, vocab_size: 9 }, 'c');
    assert.ok(
      initialParameters(gemma, 1)
        .get('model.norm.weight')!
        .every((value) => value === 0),
    );
  });
});
