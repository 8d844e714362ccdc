import type { GraphBuilder } from './builder';
import { copiesWithinSegments } from './copiesWithinSegments';
import type { Graph, Node, Value } from './ir';
import { reverseWalk, type Seed } from './reverseWalk';

export interface SegmentedGradients {
  /** As `differentiate` gives them. */
  readonly gradients: readonly Value[];
  /** The same graph with what was there before differentiation ordered by segment: run so, few values are held. */
  readonly arrange: (graph: Graph) => Graph;
}

/**
 * As `differentiateWithRecomputation`, for graphs that go through the same layers more than once, such as a forward pass
 * followed by one of tangents: both parts of a layer are one segment. A segment is what depends on the boundaries before
 * it and on none after; it is walked, and computed again, as a whole.
 *
 * @param boundaries [segment]: the values that end it
 */
export function differentiateInSegments(
  builder: GraphBuilder,
  output: Value | readonly Seed[],
  wrt: readonly Value[],
  boundaries: readonly (readonly Value[])[],
): SegmentedGradients {
  const before = [...builder.allNodes()];
  const segments = segmentsByDependence(before, boundaries);
  const ordered = before.toSorted((a, b) => segments.get(a.output)! - segments.get(b.output)!);
  // What depends on no boundary is read anywhere, what comes after the last one is walked first: both are held.
  const copied = new Map([...segments].filter(([, segment]) => segment > 0 && segment < boundaries.length));
  const copyWithin = copiesWithinSegments(builder, copied, new Set(boundaries.flat()));
  const gradients = reverseWalk(builder, ordered, output, wrt, (node) => {
    const segment = copied.get(node.output);
    const copy = (value: Value): Value => copyWithin(value, segment);
    return { ...node, inputs: node.inputs.map(copy), output: copy(node.output) };
  });
  const arrange = (graph: Graph): Graph => {
    const present = new Set(graph.nodes);
    const known = new Set(before);
    return {
      ...graph,
      nodes: [...ordered.filter((node) => present.has(node)), ...graph.nodes.filter((node) => !known.has(node))],
    };
  };
  return { gradients, arrange };
}

/** The last boundary that a value depends on, counted from 1; 0 where it depends on none. */
function segmentsByDependence(
  nodes: readonly Node[],
  boundaries: readonly (readonly Value[])[],
): ReadonlyMap<Value, number> {
  const ends = new Map(boundaries.flatMap((values, index) => values.map((value) => [value, index + 1] as const)));
  const segments = new Map<Value, number>();
  for (const { inputs, output } of nodes)
    segments.set(
      output,
      inputs.reduce((latest, input) => Math.max(latest, ends.get(input) ?? segments.get(input) ?? 0), 0),
    );
  return segments;
}
