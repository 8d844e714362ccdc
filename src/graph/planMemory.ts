import { allocationPeak, bytesOf } from './allocationPlan';
import { anchorOrder } from './anchorOrder';
import { executionOrder } from './executionOrder';
import type { Graph } from './ir';
import { lower } from './lower';

/** Bytes that a run of the encoded graph needs beside the session itself and its mapped weights. */
export interface MemoryPlan {
  /** Buffers of intermediate values and outputs at the worst moment. */
  readonly peakBytes: number;
  /** Name of the value that is made at that moment. */
  readonly peakAt: string;
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
  const lowered = anchorOrder(lower(graph));
  const total = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + bytesOf(lowered.types.get(name)!), 0);
  const peak = allocationPeak(lowered, executionOrder(lowered.nodes));
  return {
    peakBytes: peak.bytes,
    peakAt: peak.at,
    inputBytes: total(lowered.inputs),
    outputBytes: total(lowered.outputs),
    constantBytes: total(lowered.constants.keys()),
    weightBytes: total(lowered.weights.keys()),
  };
}
