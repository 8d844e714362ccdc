import { GraphBuilder } from '../../src/graph/builder';
import { attention } from '../../src/graph/compose/attention';
import { crossEntropy } from '../../src/graph/compose/crossEntropy';
import { rmsNorm } from '../../src/graph/compose/rmsNorm';
import { rotaryEmbedding } from '../../src/graph/compose/rotaryEmbedding';
import { silu } from '../../src/graph/compose/silu';
import { differentiate } from '../../src/graph/differentiate';
import { hessianVectorProduct } from '../../src/graph/hessianVectorProduct';
import type { Value } from '../../src/graph/ir';
import { print } from '../../src/graph/print';
import { assertGolden } from '../support/golden';

/** The text of the gradient graph of sum(build(...)) with respect to `wrt`. */
function gradientText(
  build: (builder: GraphBuilder) => { readonly output: Value; readonly wrt: readonly Value[] },
): string {
  const builder = new GraphBuilder();
  const { output, wrt } = build(builder);
  const loss = builder.reduceSum(output, [...output.shape.keys()], 'drop');
  const gradients = differentiate(builder, loss, wrt);
  return print(
    builder.finish([
      { name: 'loss', value: loss },
      ...gradients.map((value, i) => ({ name: `gradient of ${wrt[i]!.name}`, value })),
    ]),
  );
}

describe('graphs as text', () => {
  it('a linear layer and its gradients', () => {
    const text = gradientText((builder) => {
      const x = builder.input('x', 'float32', [4, 3]);
      const [weight, bias] = [builder.weight('layer.weight', [5, 3]), builder.weight('layer.bias', [5])];
      const y = builder.add(builder.gemm(x, weight, { transA: 'no', transB: 'yes' }), bias);
      return { output: builder.unary('Tanh', y), wrt: [x, weight, bias] };
    });
    assertGolden('graph/linear.txt', text);
  });

  it('rmsNorm: the gradient expands nothing', () => {
    const text = gradientText((builder) => {
      const [x, weight] = [builder.input('x', 'float32', [4, 6]), builder.weight('norm.weight', [6])];
      return { output: rmsNorm(builder, x, weight, 1e-5), wrt: [x, weight] };
    });
    assertGolden('graph/rmsNorm.txt', text);
  });

  it('rotaryEmbedding: the gradient is a rotation', () => {
    const text = gradientText((builder) => {
      const x = builder.input('x', 'float32', [2, 4, 6]);
      const [cos, sin] = [builder.input('cos', 'float32', [4, 3]), builder.input('sin', 'float32', [4, 3])];
      return { output: builder.unary('Tanh', rotaryEmbedding(builder, x, cos, sin)), wrt: [x] };
    });
    assertGolden('graph/rotaryEmbedding.txt', text);
  });

  it('attention with grouped queries and its gradients', () => {
    const text = gradientText((builder) => {
      const query = builder.input('query', 'float32', [1, 4, 3, 2]);
      const keysTransposed = builder.input('keysTransposed', 'float32', [1, 2, 2, 5]);
      const values = builder.input('values', 'float32', [1, 2, 5, 2]);
      const mask = builder.input('mask', 'float32', [1, 1, 3, 5]);
      const { output } = attention(builder, {
        query,
        keysTransposed,
        values,
        mask,
        scale: 0.5,
        logitSoftCap: undefined,
      });
      return { output: builder.unary('Tanh', output), wrt: [query, keysTransposed, values] };
    });
    assertGolden('graph/attention.txt', text);
  });

  it('cross entropy: the gradient has no one-hot', () => {
    const text = gradientText((builder) => {
      const hidden = builder.input('hidden', 'float32', [3, 4]);
      const { losses } = crossEntropy(builder, {
        hidden,
        embedding: builder.weight('embedding', [7, 4]),
        bias: undefined,
        targets: builder.input('targets', 'int64', [3]),
        weights: builder.input('weights', 'float32', [3]),
        logitSoftCap: undefined,
      });
      return { output: losses, wrt: [hidden] };
    });
    assertGolden('graph/crossEntropy.txt', text);
  });

  it('a Hessian-vector product', () => {
    const builder = new GraphBuilder();
    const [x, v] = [builder.input('x', 'float32', [3]), builder.input('v', 'float32', [3])];
    const loss = builder.reduceSum(silu(builder, x), [0], 'drop');
    const [product] = hessianVectorProduct(builder, loss, [x], [v]);
    assertGolden('graph/hessianVectorProduct.txt', print(builder.finish([{ name: 'Hv', value: product! }])));
  });
});
