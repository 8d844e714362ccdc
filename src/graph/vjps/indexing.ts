/** Rules of gathers and scatters, each the other's transpose. Notation: i are indices; g is the cotangent of y. */
import type { GraphBuilder } from '../builder';
import type { Node, Value } from '../ir';
import { full } from './rule';

export const indexingVjps = {
  // y = x[i]  =>  dx = zeros with g added at i
  GatherRows: full((builder: GraphBuilder, { inputs }: Node, g: Value) => {
    const [data, indices] = inputs as readonly [Value, Value];
    return [() => builder.scatterAddRows(indices, g, data.shape[0]!), undefined];
  }),

  // y = zeros with u added at i  =>  du = g[i]
  ScatterAddRows: full((builder: GraphBuilder, { inputs }: Node, g: Value) => [
    undefined,
    () => builder.gatherRows(g, inputs[0]!),
  ]),

  // y = x[i] along an axis  =>  dx = zeros with g added at i
  GatherElements: full((builder: GraphBuilder, { inputs, attributes: { axis } }: Node<'GatherElements'>, g: Value) => {
    const [data, indices] = inputs as readonly [Value, Value];
    return [() => builder.scatterAddElements(indices, g, axis, data.shape[axis]!), undefined];
  }),

  // y = zeros with u added at i along an axis  =>  du = g[i]
  ScatterAddElements: full(
    (builder: GraphBuilder, { inputs, attributes: { axis } }: Node<'ScatterAddElements'>, g: Value) => [
      undefined,
      () => builder.gatherElements(g, inputs[0]!, axis),
    ],
  ),
} as const;
