import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/** Sigmoid linear unit, elementwise: x sigmoid(x). */
export function silu(builder: GraphBuilder, x: Value): Value {
  return builder.mul(x, builder.unary('Sigmoid', x));
}
