import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/** Soft cap of logits, elementwise: cap tanh(x / cap); `undefined` leaves them alone. */
export function softCap(builder: GraphBuilder, x: Value, cap: number | undefined): Value {
  return cap === undefined ? x : builder.scale(builder.unary('Tanh', builder.scale(x, 1 / cap)), cap);
}
