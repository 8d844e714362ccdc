/** Products and signs of cotangents, simplified where that saves a pass over the data. */
import type { GraphBuilder } from '../builder';
import { sizeOf, type Value } from '../ir';

/** -g; a second sign takes the first one away. */
export function negated(builder: GraphBuilder, g: Value): Value {
  return unsigned(builder, g) ?? builder.unary('Neg', g);
}

/** x where g is -x as a node. */
export function unsigned(builder: GraphBuilder, g: Value): Value | undefined {
  const node = builder.producerOf(g);
  return node?.opType === 'Neg' ? node.inputs[0]! : undefined;
}

/**
 * g x. A factor of one is dropped, and a sign moves outward, to be taken up by a subtraction where cotangents meet,
 * unless the product is larger than g.
 */
export function times(builder: GraphBuilder, g: Value, x: Value): Value {
  if (isOne(builder, g)) return x;
  const inner = unsigned(builder, g);
  if (inner === undefined) return builder.mul(g, x);
  const product = builder.mul(inner, x);
  return sizeOf(product.shape) === sizeOf(g.shape) ? negated(builder, product) : builder.mul(g, x);
}

/** h where g is the product h x as a node. */
export function cofactor(builder: GraphBuilder, g: Value, x: Value): Value | undefined {
  const node = builder.producerOf(g);
  return node?.opType === 'Mul' && node.inputs[1] === x ? node.inputs[0]! : undefined;
}

function isOne(builder: GraphBuilder, value: Value): boolean {
  const source = builder.sourceOf(value);
  return value.shape.length === 0 && source?.kind === 'constant' && source.data[0] === 1;
}
