/** Rules of matrix products. Weights are never transposed: every transposition of a rank 2 operand is an attribute. */
import type { GraphBuilder } from '../builder';
import { type Node, sizeOf, type Value } from '../ir';
import { full } from './rule';

/** [..., n] as [rows, n]. */
function asRows(builder: GraphBuilder, value: Value): Value {
  return builder.reshape(value, [sizeOf(value.shape.slice(0, -1)), value.shape.at(-1)!]);
}

/** A^T G, or (G^T A)^T where that moves fewer elements: attention's probabilities are far larger than its values. */
function transposedProduct(builder: GraphBuilder, a: Value, g: Value): Value {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = g.shape.at(-1)!;
  if (rows * inner <= (rows + inner) * columns) return builder.matMul(builder.transposeLast(a), g);
  return builder.transposeLast(builder.matMul(builder.transposeLast(g), a));
}

export const linearAlgebraVjps = {
  // Y = A B  =>  dA = G B^T, dB = A^T G; batch axes that broadcast are summed by the walk, except those of a rank 2 B,
  // which are rows of one product.
  MatMul: full((builder: GraphBuilder, { inputs }: Node, g: Value) => {
    const [a, b] = inputs as readonly [Value, Value];
    if (b.shape.length === 2) {
      return [
        () => builder.reshape(builder.gemm(asRows(builder, g), b, { transA: 'no', transB: 'yes' }), a.shape),
        () => builder.gemm(asRows(builder, a), asRows(builder, g), { transA: 'yes', transB: 'no' }),
      ];
    }
    return [() => builder.matMul(g, builder.transposeLast(b)), () => transposedProduct(builder, a, g)];
  }),

  // Y = op(A) op(B):
  //   Y = A B      =>  dA = G B^T,    dB = A^T G
  //   Y = A B^T    =>  dA = G B,      dB = G^T A
  //   Y = A^T B    =>  dA = B G^T,    dB = A G
  //   Y = A^T B^T  =>  dA = B^T G^T,  dB = G^T A^T
  Gemm: full((builder: GraphBuilder, { inputs, attributes: { transA, transB } }: Node<'Gemm'>, g: Value) => {
    const [a, b] = inputs as readonly [Value, Value];
    return [
      () =>
        transA === 'no'
          ? builder.gemm(g, b, { transA: 'no', transB: transB === 'no' ? 'yes' : 'no' })
          : builder.gemm(b, g, { transA: transB, transB: 'yes' }),
      () =>
        transB === 'no'
          ? builder.gemm(a, g, { transA: transA === 'no' ? 'yes' : 'no', transB: 'no' })
          : builder.gemm(g, a, { transA: 'yes', transB: transA }),
    ];
  }),
} as const;
