import { allocationPeak, bytesOf } from './allocationPlan';
import { executionOrder } from './executionOrder';
import type { LoweredGraph, LoweredNode } from './lower';
import type { ValueType } from './operators';

/** Anchors are left out where they save less than this: each is one more node to run. */
const worthwhile = { bytes: 8 * 2 ** 20, share: 0.05 };

/**
 * Makes onnxruntime run a graph about in the order in which it is written. By itself it starts at the last output and
 * so keeps the operands of everything that leads to earlier ones: all activations until the end, for the gradients of
 * weights. An anchor is a `Shape` node that nobody reads: of such leaves the last one's ancestors run first, so anchors
 * in reverse order run their subjects in the order as written. Anchored is what frees more memory than it takes, and
 * every output; the rest runs when it is needed.
 *
 * A graph that gains little is returned as it is.
 */
export function anchorOrder(graph: LoweredGraph): LoweredGraph {
  const anchors = subjects(graph)
    .map((name): LoweredNode => ({ opType: 'Shape', inputs: [name], output: `order of ${name}` }))
    .reverse();
  const types = new Map<string, ValueType>(graph.types);
  for (const { inputs, output } of anchors)
    types.set(output, { type: 'int64', shape: [graph.types.get(inputs[0]!)!.shape.length] });
  const anchored: LoweredGraph = { ...graph, nodes: [...graph.nodes, ...anchors], types };

  const before = allocationPeak(graph, executionOrder(graph.nodes)).bytes;
  const after = allocationPeak(anchored, executionOrder(anchored.nodes)).bytes;
  const saved = before - after;
  return saved >= worthwhile.bytes && saved >= worthwhile.share * before ? anchored : graph;
}

/** Values whose making frees more bytes than it takes, run in the order as written, and outputs; in that order. */
function subjects({ nodes, types, outputs }: LoweredGraph): readonly string[] {
  const lastRead = new Map<string, number>();
  for (const [position, { inputs }] of nodes.entries()) for (const input of inputs) lastRead.set(input, position);
  const made = new Set(nodes.map(({ output }) => output));
  const kept = new Set(outputs);
  return nodes.flatMap(({ inputs, output }, position) => {
    const freed = [...new Set(inputs)]
      .filter((input) => made.has(input) && !kept.has(input) && lastRead.get(input) === position)
      .reduce((sum, input) => sum + bytesOf(types.get(input)!), 0);
    return kept.has(output) || freed > bytesOf(types.get(output)!) ? [output] : [];
  });
}
