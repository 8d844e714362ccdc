/** Rules of operators that move elements without looking at them. Notation: g is the cotangent of y; dx that of x. */
import type { GraphBuilder } from '../builder';
import type { Node, Value } from '../ir';
import { elementwise, full } from './rule';

export const structureVjps = {
  // y[i] = x[perm^-1 i]  =>  dx = transpose of g by perm^-1
  Transpose: full((builder: GraphBuilder, { attributes: { perm } }: Node<'Transpose'>, g: Value) => [
    () =>
      builder.transpose(
        g,
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
  ]),

  // y = reshape x  =>  dx = g in the shape of x
  Reshape: full((builder: GraphBuilder, { inputs }: Node, g: Value) => [() => builder.reshape(g, inputs[0]!.shape)]),

  // y = x repeated  =>  dx = g summed over the repeated axes, which the walk does
  Expand: elementwise((_builder: GraphBuilder, _node: Node, g: Value) => [() => g]),

  // y = [x1, x2, ...]  =>  dxi = the slice of g where xi lies
  Concat: full((builder: GraphBuilder, { inputs, attributes: { axis } }: Node<'Concat'>, g: Value) => {
    let end = 0;
    return inputs.map((input) => {
      const start = end;
      end += input.shape[axis]!;
      const stop = end;
      return () => builder.slice(g, axis, start, stop);
    });
  }),

  // y = x[start, end)  =>  dx = g with zeros around it
  Slice: full((builder: GraphBuilder, { inputs, attributes: { axis, start, end } }: Node<'Slice'>, g: Value) => [
    () => builder.pad(g, axis, start, inputs[0]!.shape[axis]! - end),
  ]),

  // y = x with zeros around it  =>  dx = the slice of g where x lies
  Pad: full((builder: GraphBuilder, { inputs, attributes: { axis, before } }: Node<'Pad'>, g: Value) => [
    () => builder.slice(g, axis, before, before + inputs[0]!.shape[axis]!),
  ]),
} as const;
