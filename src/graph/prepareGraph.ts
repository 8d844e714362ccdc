import { anchorOrder } from './anchorOrder';
import type { Graph } from './ir';
import { type LoweredGraph, lower } from './lower';
import { scheduleNodes } from './scheduleNodes';

const prepared = new WeakMap<Graph, LoweredGraph>();

/** A graph in ONNX's operators, in the order in which it is to run: what `encode` writes and `planMemory` weighs. */
export function prepareGraph(graph: Graph): LoweredGraph {
  const known = prepared.get(graph);
  if (known !== undefined) return known;
  const result = anchorOrder(scheduleNodes(lower(graph)));
  prepared.set(graph, result);
  return result;
}
