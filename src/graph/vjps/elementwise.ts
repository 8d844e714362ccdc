/**
 * Rules of elementwise operators. Notation: g is the cotangent of y; dx that of x. Products take g first, because it
 * may be smaller than the operands. Rules that have y at hand use it instead of computing it again.
 */
import type { GraphBuilder } from '../builder';
import type { Node, Value } from '../ir';
import { cofactor, negated, times } from './product';
import { elementwise, nonDifferentiable } from './rule';

const comparison = nonDifferentiable('the result is a truth value');

/** dx = g f'(x, y) */
function unary(derivative: (builder: GraphBuilder, x: Value, y: Value, g: Value) => Value) {
  return elementwise((builder: GraphBuilder, { inputs, output }: Node, g: Value) => [
    () => derivative(builder, inputs[0]!, output, g),
  ]);
}

export const elementwiseVjps = {
  // y = a + b  =>  da = g, db = g
  Add: elementwise((_builder: GraphBuilder, _node: Node, g: Value) => [() => g, () => g]),

  // y = a - b  =>  da = g, db = -g
  Sub: elementwise((builder: GraphBuilder, _node: Node, g: Value) => [() => g, () => negated(builder, g)]),

  // y = a b  =>  da = g b, db = g a; y = a a  =>  da = 2 g a
  Mul: elementwise((builder: GraphBuilder, { inputs }: Node, g: Value) => {
    const [a, b] = inputs as readonly [Value, Value];
    if (a === b) return [() => times(builder, builder.scale(g, 2), a), undefined];
    return [() => times(builder, g, b), () => times(builder, g, a)];
  }),

  // y = a / b  =>  da = g / b, db = -(g / b) y
  Div: elementwise((builder: GraphBuilder, { inputs, output }: Node, g: Value) => {
    const da = () => builder.div(g, inputs[1]!);
    return [da, () => negated(builder, times(builder, da(), output))];
  }),

  // y = -x  =>  dx = -g
  Neg: unary((builder, _x, _y, g) => negated(builder, g)),

  // y = exp x  =>  dx = g y
  Exp: unary((builder, _x, y, g) => times(builder, g, y)),

  // y = log x  =>  dx = g / x
  Log: unary((builder, x, _y, g) => builder.div(g, x)),

  // y = sqrt x  =>  dx = g / (2 y)
  Sqrt: unary((builder, _x, y, g) => builder.div(builder.scale(g, 0.5), y)),

  // y = 1 / x  =>  dx = -g y^2
  Reciprocal: unary((builder, _x, y, g) => times(builder, negated(builder, g), builder.mul(y, y))),

  // y = tanh x  =>  dx = g (1 - y^2)
  Tanh: unary((builder, _x, y, g) => times(builder, g, builder.sub(builder.scalar(1), builder.mul(y, y)))),

  // y = 1 / (1 + exp(-x))  =>  dx = g y (1 - y); where g = h x, as in x sigmoid(x), dx = (h y) (x - x y), whose products
  // the reverse pass has anyway
  Sigmoid: unary((builder, x, y, g) => {
    const h = cofactor(builder, g, x);
    if (h !== undefined) return builder.mul(times(builder, h, y), builder.sub(x, builder.mul(x, y)));
    return times(builder, g, builder.mul(y, builder.sub(builder.scalar(1), y)));
  }),

  // y = erf x  =>  dx = g 2/sqrt(pi) exp(-x^2)
  Erf: unary((builder, x, _y, g) =>
    times(
      builder,
      builder.scale(g, 2 / Math.sqrt(Math.PI)),
      builder.unary('Exp', builder.unary('Neg', builder.mul(x, x))),
    ),
  ),

  // y = sin x  =>  dx = g cos x
  Sin: unary((builder, x, _y, g) => times(builder, g, builder.unary('Cos', x))),

  // y = cos x  =>  dx = -g sin x
  Cos: unary((builder, x, _y, g) => times(builder, negated(builder, g), builder.unary('Sin', x))),

  // y = max(x, 0)  =>  dx = g [x > 0], almost everywhere; 0 at the kink
  Relu: unary((builder, x, _y, g) =>
    builder.where(builder.compare('Greater', x, builder.scalar(0)), g, builder.scalar(0)),
  ),

  // y = |x|  =>  dx = g sign(x), almost everywhere; 0 at the kink
  Abs: unary((builder, x, _y, g) => {
    const zero = builder.scalar(0);
    const below = builder.where(builder.compare('Less', x, zero), negated(builder, g), zero);
    return builder.where(builder.compare('Greater', x, zero), g, below);
  }),

  // y = c ? a : b  =>  da = c ? g : 0, db = c ? 0 : g
  Where: elementwise((builder: GraphBuilder, { inputs }: Node, g: Value) => {
    const zero = builder.scalar(0);
    return [undefined, () => builder.where(inputs[0]!, g, zero), () => builder.where(inputs[0]!, zero, g)];
  }),

  // y = x: only a cast between float types carries a gradient, and float32 is the only one.
  Cast: elementwise((_builder: GraphBuilder, _node: Node, g: Value) => [() => g]),

  // y = x  =>  dx = g
  Identity: elementwise((_builder: GraphBuilder, _node: Node, g: Value) => [() => g]),

  StopGradient: nonDifferentiable('it says so'),
  Equal: comparison,
  Less: comparison,
  Greater: comparison,
  And: comparison,
  Not: comparison,
} as const;
