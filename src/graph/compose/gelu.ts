import type { GraphBuilder } from '../builder';
import type { Value } from '../ir';

/**
 * Gaussian error linear unit, elementwise.
 *
 * @param form 'erf': x (1 + erf(x / sqrt(2))) / 2, torch's `gelu`; 'tanh': its approximation
 *   x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, transformers' `gelu_new` and `gelu_pytorch_tanh`
 */
export function gelu(builder: GraphBuilder, x: Value, form: 'erf' | 'tanh'): Value {
  const gate =
    form === 'erf'
      ? builder.unary('Erf', builder.scale(x, Math.SQRT1_2))
      : builder.unary('Tanh', builder.mul(x, innerFactor(builder, x)));
  return builder.mul(builder.scale(x, 0.5), builder.add(gate, builder.scalar(1)));
}

/** sqrt(2 / pi) (1 + 0.044715 x^2) */
function innerFactor(builder: GraphBuilder, x: Value): Value {
  const scale = Math.sqrt(2 / Math.PI);
  return builder.add(builder.scale(builder.mul(x, x), scale * 0.044715), builder.scalar(scale));
}
