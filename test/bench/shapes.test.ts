import assert from 'node:assert/strict';
import { benchShapes, stageArithmetic, tokenIds } from '../../bench/shapes';
import { GraphBuilder } from '../../src/graph/builder';
import { differentiate } from '../../src/graph/differentiate';
import { type Graph, type Node, sizeOf } from '../../src/graph/ir';
import { buildForward, noAdapter, observe } from '../../src/model/buildForward';
import { buildLoss } from '../../src/model/buildLoss';
import { parseModelConfig } from '../../src/model/parseModelConfig';

const shape = benchShapes.find(({ id }) => id === 's8')!;

/** Multiplications and additions of the matrix products of a graph. */
function productArithmetic({ nodes }: Graph): number {
  const innerExtent = ({ opType, inputs, attributes }: Node): number => {
    if (opType === 'MatMul') return inputs[0]!.shape.at(-1)!;
    if (opType === 'Gemm') return inputs[0]!.shape['transA' in attributes && attributes.transA === 'yes' ? 0 : 1]!;
    return 0;
  };
  return nodes.reduce((sum, node) => sum + 2 * innerExtent(node) * sizeOf(node.output.shape), 0);
}

function lossGraph() {
  const config = parseModelConfig(
    {
      model_type: 'llama',
      vocab_size: shape.vocabularySize,
      hidden_size: shape.hiddenSize,
      intermediate_size: shape.intermediateSize,
      num_hidden_layers: shape.layers,
      num_attention_heads: shape.heads,
      num_key_value_heads: shape.keyValueHeads,
      max_position_embeddings: 512,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: true,
    },
    'config.json',
  );
  const builder = new GraphBuilder();
  const count = [shape.batch * (shape.tokens - 1)];
  const forward = buildForward(builder, config, {
    inputIds: builder.input('inputIds', 'int64', [shape.batch, shape.tokens]),
    parameter: (name, extents) => builder.weight(name, extents),
    adapter: noAdapter,
    intervene: observe,
  });
  const { mean } = buildLoss(builder, forward, {
    places: builder.input('places', 'int64', count),
    targets: builder.input('targets', 'int64', count),
    weights: builder.input('weights', 'float32', count),
  });
  return { builder, forward, mean };
}

describe('stageArithmetic', () => {
  it('is what the products of the forward graph cost', () => {
    const { builder, mean } = lossGraph();
    const graph = builder.finish([{ name: 'loss', value: mean }]);
    assert.equal(stageArithmetic(shape, 'forward', 0, 0), productArithmetic(graph));
  });

  it('is what the products of forward and backward to the inputs cost', () => {
    const { builder, forward, mean } = lossGraph();
    const [gradient] = differentiate(builder, mean, [forward.embedding]);
    const graph = builder.finish([
      { name: 'loss', value: mean },
      { name: 'gradient', value: gradient! },
    ]);
    assert.equal(stageArithmetic(shape, 'forwardBackward', 0, 0), productArithmetic(graph));
  });

  it('grows with the projection and the rank, and is no measure of generation', () => {
    const backward = stageArithmetic(shape, 'forwardBackward', 0, 0)!;
    const narrow = stageArithmetic(shape, 'projectedGradients', 16, 0)!;
    assert.ok(backward < narrow && narrow < stageArithmetic(shape, 'projectedGradients', 64, 0)!);
    assert.ok(backward < stageArithmetic(shape, 'loraStep', 0, 8)!);
    assert.equal(stageArithmetic(shape, 'generate', 0, 0), undefined);
  });
});

describe('tokenIds', () => {
  it('lie in the vocabulary and differ from row to row', () => {
    for (const each of benchShapes) {
      const rows = Array.from({ length: each.batch + 1 }, (_, row) => tokenIds(each, row, each.tokens));
      assert.ok(rows.flat().every((id) => Number.isInteger(id) && id >= 0 && id < each.vocabularySize));
      assert.equal(new Set(rows.map((row) => row.join())).size, rows.length);
    }
  });
});
