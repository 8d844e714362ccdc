import { bytesOf } from './allocationPlan';
import type { LoweredGraph, LoweredNode } from './lower';

/** A node is a reduction where its output is at most this share of what it reads. */
const reductionShare = 1 / 4;

/**
 * Moves what only leads to one reduction or output to where its last operand is made. Reductions of gradients are
 * written after the walk that makes the gradients; run there, all gradients would be held at once.
 *
 * The result is in topological order.
 */
export function scheduleNodes(graph: LoweredGraph): LoweredGraph {
  const { nodes } = graph;
  const positions = new Map(nodes.map(({ output }, position) => [output, position]));
  const sinks = sinksOf(graph, positions);

  // Nodes come after their operands, so the operands' steps are known when a node's turn comes.
  const members = new Map<number, number[]>();
  for (const [position, sink] of sinks.entries()) {
    if (sink === undefined) continue;
    const known = members.get(sink);
    if (known === undefined) members.set(sink, [position]);
    else known.push(position);
  }
  const steps = nodes.map((_, position) => position);
  for (const [sink, inside] of [...members].sort(([a], [b]) => a - b)) {
    const operands = inside
      .flatMap((position) => nodes[position]!.inputs)
      .map((input) => positions.get(input))
      .filter((position) => position !== undefined && sinks[position] !== sink);
    const step = operands.reduce<number>((latest, position) => Math.max(latest, steps[position!]!), -1);
    for (const position of inside) steps[position] = step;
  }
  const order = nodes.map((_, position) => position).sort((a, b) => steps[a]! - steps[b]! || a - b);
  return { ...graph, nodes: order.map((position) => nodes[position]!) };
}

/** For every node, the one reduction or output that all its readers lead to first, itself included; by position. */
function sinksOf(graph: LoweredGraph, positions: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  const { nodes, outputs } = graph;
  const readers: number[][] = nodes.map(() => []);
  for (const [position, { inputs }] of nodes.entries()) {
    for (const input of inputs) {
      const producer = positions.get(input);
      if (producer !== undefined) readers[producer]!.push(position);
    }
  }
  const kept = new Set(outputs);
  const sinks = new Array<number | undefined>(nodes.length).fill(undefined);
  for (let position = nodes.length - 1; position >= 0; position -= 1) {
    const node = nodes[position]!;
    if (kept.has(node.output) || reduces(graph, node, positions)) {
      sinks[position] = position;
      continue;
    }
    const [first, ...others] = readers[position]!.map((reader) => sinks[reader]);
    if (others.every((sink) => sink === first)) sinks[position] = first;
  }
  return sinks;
}

function reduces(
  { types }: LoweredGraph,
  { inputs, output }: LoweredNode,
  positions: ReadonlyMap<string, number>,
): boolean {
  const read = [...new Set(inputs)]
    .filter((input) => positions.has(input))
    .reduce((sum, input) => sum + bytesOf(types.get(input)!), 0);
  return bytesOf(types.get(output)!) <= reductionShare * read;
}
