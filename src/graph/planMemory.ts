import { allocationPeak, bytesOf } from './allocationPlan';
import { executionOrder } from './executionOrder';
import type { Graph } from './ir';
import type { LoweredGraph } from './lower';
import { prepareGraph } from './prepareGraph';

/**
 * What allocators add to the planned buffers: malloc and onnxruntime's arena both keep freed blocks that fit nothing
 * (measured: 1.00 to 1.19 of the plan), and kernels pack operands into blocks of their own.
 */
const fragmentation = { share: 0.2, bytes: 4 * 2 ** 20 };

/** Bytes that a run of the encoded graph needs beside the session itself and its mapped weights. */
export interface MemoryPlan {
  /** Buffers of intermediate values and outputs at the worst moment. */
  readonly peakBytes: number;
  /** Name of the value that is made at that moment. */
  readonly peakAt: string;
  /** What a run adds to the process at most: the buffers, what allocators lose, and the copy of the outputs. */
  readonly residentBytes: number;
  /** Fed at every run; held by the caller. */
  readonly inputBytes: number;
  /** Part of `peakBytes`. onnxruntime-node copies outputs once more when a run ends. */
  readonly outputBytes: number;
  /** Constants inside the model. */
  readonly constantBytes: number;
  /** Parameters that stay in their files. */
  readonly weightBytes: number;
}

/** Memory that onnxruntime's CPU provider takes to run the graph as `encode` writes it; of static shapes, so known before. */
export function planMemory(graph: Graph): MemoryPlan {
  const lowered = prepareGraph(graph);
  const total = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + bytesOf(lowered.types.get(name)!), 0);
  const peak = allocationPeak(lowered, executionOrder(lowered.nodes));
  const outputBytes = total(lowered.outputs);
  return {
    peakBytes: peak.bytes,
    peakAt: peak.at,
    residentBytes: Math.ceil(peak.bytes * (1 + fragmentation.share)) + fragmentation.bytes + outputBytes,
    inputBytes: total(lowered.inputs),
    outputBytes,
    constantBytes: total(lowered.constants.keys()),
    weightBytes: weightBytes(lowered),
  };
}

/** Rows of a parameter that is read whole as well lie in the same bytes: each parameter counts from its first byte to its last. */
function weightBytes({ weights, types }: LoweredGraph): number {
  const spans = new Map<string, { readonly start: number; readonly end: number }>();
  for (const [name, { parameter, byteOffset }] of weights) {
    const end = byteOffset + bytesOf(types.get(name)!);
    const known = spans.get(parameter) ?? { start: byteOffset, end };
    spans.set(parameter, { start: Math.min(known.start, byteOffset), end: Math.max(known.end, end) });
  }
  return [...spans.values()].reduce((sum, { start, end }) => sum + end - start, 0);
}
