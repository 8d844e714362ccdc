/** Rules of reductions and of the softmax family. Notation: g is the cotangent of y; dx that of x. */
import type { GraphBuilder } from '../builder';
import { type Node, sizeOf, type Value } from '../ir';
import { times } from './product';
import { broadcastable, nonDifferentiable } from './rule';

/** Gives the reduced axes back to `value`, broadcastable to the output, with extent one; a single element needs none. */
function withReducedAxes(
  builder: GraphBuilder,
  value: Value,
  { inputs, output, attributes }: Node<'ReduceSum' | 'ReduceMean' | 'ReduceMax'>,
): Value {
  if (attributes.keepDims === 'keep' || sizeOf(value.shape) === 1) return value;
  const missing = output.shape.length - value.shape.length;
  const extents = [...Array.from({ length: missing }, () => 1), ...value.shape];
  const shape = inputs[0]!.shape.map((_, axis) => (attributes.axes.includes(axis) ? 1 : extents.shift()!));
  return builder.reshape(value, shape);
}

export const reductionVjps = {
  // y = sum x  =>  dx = g, the same along the summed axes
  ReduceSum: broadcastable((builder: GraphBuilder, node: Node<'ReduceSum'>, g: Value) => [
    () => withReducedAxes(builder, g, node),
  ]),

  // y = mean of n x  =>  dx = g / n
  ReduceMean: broadcastable((builder: GraphBuilder, node: Node<'ReduceMean'>, g: Value) => {
    const count = node.attributes.axes.reduce((product, axis) => product * node.inputs[0]!.shape[axis]!, 1);
    // Divided, not multiplied by a rounded 1 / n: gradients that cancel exactly still do.
    return [() => builder.div(withReducedAxes(builder, g, node), builder.scalar(count))];
  }),

  // y = max x  =>  dx = g [x = y] / #{x = y}, almost everywhere; equal maxima share, as in torch.amax
  ReduceMax: broadcastable((builder: GraphBuilder, node: Node<'ReduceMax'>, g: Value) => {
    const { inputs, output, attributes } = node;
    const isMaximum = () => builder.compare('Equal', inputs[0]!, withReducedAxes(builder, output, node));
    const count = () => builder.reduceSum(builder.cast(isMaximum(), 'float32'), attributes.axes, 'keep');
    return [
      () => builder.where(isMaximum(), builder.div(withReducedAxes(builder, g, node), count()), builder.scalar(0)),
    ];
  }),

  // y = log sum exp x  =>  dx = g exp(x - y)
  ReduceLogSumExp: broadcastable((builder: GraphBuilder, { inputs, output }: Node, g: Value) => [
    () => times(builder, g, builder.unary('Exp', builder.sub(inputs[0]!, output))),
  ]),

  // y = softmax x  =>  dx = y (g - sum(g y))
  Softmax: broadcastable((builder: GraphBuilder, { output, attributes }: Node<'Softmax'>, g: Value) => [
    () => builder.mul(output, builder.sub(g, builder.reduceSum(times(builder, g, output), [attributes.axis], 'keep'))),
  ]),

  ArgMax: nonDifferentiable('the result is an index'),
} as const;
