import type { LoweredNode } from './lower';

/**
 * The order in which onnxruntime runs nodes: depth first from the nodes that nobody reads, the last of them first, and
 * from each node to the producers of its inputs, the last of those first (`GraphViewer`, `Graph::ReverseDFSFrom`). A
 * node runs once all it needs has run; "last" is by position in the model.
 */
export function executionOrder(nodes: readonly LoweredNode[]): readonly LoweredNode[] {
  const positions = new Map(nodes.map(({ output }, position) => [output, position]));
  const producers = nodes.map(({ inputs }) =>
    inputs
      .map((input) => positions.get(input))
      .filter((position) => position !== undefined)
      .sort((a, b) => a - b),
  );
  const read = new Set(producers.flat());
  const stack = nodes.flatMap((_, position) => (read.has(position) ? [] : [{ position, step: 'enter' }]));
  const visited = new Set<number>();
  const order: LoweredNode[] = [];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { position, step } = entry;
    if (step === 'leave') {
      order.push(nodes[position]!);
      continue;
    }
    if (visited.has(position)) continue;
    visited.add(position);
    stack.push({ position, step: 'leave' });
    for (const producer of producers[position]!) {
      if (!visited.has(producer)) stack.push({ position: producer, step: 'enter' });
    }
  }
  return order;
}
