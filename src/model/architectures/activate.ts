import type { GraphBuilder } from '../../graph/builder';
import { gelu } from '../../graph/compose/gelu';
import { silu } from '../../graph/compose/silu';
import type { Value } from '../../graph/ir';
import type { Activation } from '../modelConfig';

/** The activation of an MLP, elementwise. */
export function activate(builder: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case 'silu':
      return silu(builder, x);
    case 'geluErf':
      return gelu(builder, x, 'erf');
    case 'geluTanh':
      return gelu(builder, x, 'tanh');
    case 'quickGelu':
      // x sigmoid(1.702 x)
      return builder.mul(x, builder.unary('Sigmoid', builder.scale(x, 1.702)));
    case 'relu':
      return builder.unary('Relu', x);
  }
}
