import { elementBytes } from './dataTypes';
import { sizeOf } from './ir';
import type { LoweredGraph, LoweredNode } from './lower';
import type { ValueType } from './operators';

/** Operators whose output is their first input's buffer, of any shape. */
const aliasing: ReadonlySet<string> = new Set(['Identity', 'Reshape']);

/** Operators that write over their first input where nobody reads it later; the others of onnxruntime's CPU provider do not. */
const inPlace: ReadonlySet<string> = new Set(['Tanh', 'Sigmoid', 'Relu', 'Softmax', 'Cast']);

export function bytesOf({ type, shape }: ValueType): number {
  return elementBytes[type] * sizeOf(shape);
}

/** Bytes that a kernel takes for itself while it runs, measured on the CPU provider. */
function scratchBytes({ opType, inputs, attributes, output }: LoweredNode, { types }: LoweredGraph): number {
  const result = types.get(output)!;
  if (opType === 'Where') return 2 * bytesOf(result);
  if (opType === 'Softmax') {
    const axis = attributes?.find(({ name }) => name === 'axis')?.value;
    return axis === result.shape.length - 1 ? 0 : 2 * bytesOf(types.get(inputs[0]!)!);
  }
  return 0;
}

interface Buffer {
  readonly type: ValueType;
  /** Which buffers may stand for each other: equal element sizes and shapes. */
  readonly kind: string;
  /** Reads (and the output itself) still to come. */
  uses: number;
}

/** Bytes of buffers at the worst moment of a run. */
export interface AllocationPeak {
  readonly bytes: number;
  /** Output of the node that runs at that moment. */
  readonly at: string;
}

/**
 * Replays onnxruntime's memory planner (`allocation_planner.cc`): a value takes over the buffer of its first input, or
 * one that is no longer read and has exactly its shape, or gets a new one. A buffer that is taken over again later is
 * held in between, as onnxruntime holds it. Outputs are held to the end; inputs, weights and constants are not counted.
 *
 * @param order the graph's nodes in the order in which they run
 */
export function allocationPeak(graph: LoweredGraph, order: readonly LoweredNode[]): AllocationPeak {
  const made = new Set(order.map(({ output }) => output));
  const outputs = new Set(graph.outputs);
  const uses = new Map<string, number>();
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const { inputs, output } of order) {
    for (const input of inputs) if (made.has(input)) use(input);
    use(output);
  }
  for (const name of graph.outputs) use(name);

  // First pass, as the planner's: which buffer every value lies in, and the last step that touches it.
  const buffers = new Map<string, Buffer>();
  const idle = new Map<string, Buffer[]>();
  const first = new Map<Buffer, number>();
  const last = new Map<Buffer, number>();
  const taken = ({ opType, inputs }: LoweredNode, kind: string): Buffer | undefined => {
    const source = buffers.get(inputs[0] ?? '');
    if (source === undefined || aliasing.has(opType)) return source;
    const mayWrite = inPlace.has(opType) && source.uses === 1 && kindOf(graph.types.get(inputs[0]!)!) === kind;
    return mayWrite ? source : undefined;
  };
  // The one that was freed last comes first. Scalars are never reused.
  const reused = ({ shape }: ValueType, kind: string): Buffer | undefined =>
    shape.length === 0 ? undefined : idle.get(kind)?.pop();
  for (const [step, node] of order.entries()) {
    const { inputs, output } = node;
    const type = graph.types.get(output)!;
    const kind = kindOf(type);
    const buffer = (!outputs.has(output) && (taken(node, kind) ?? reused(type, kind))) || { type, kind, uses: 0 };
    buffer.uses += uses.get(output)!;
    buffers.set(output, buffer);
    if (!first.has(buffer)) first.set(buffer, step);
    last.set(buffer, step);
    for (const name of [...inputs, output]) {
      const read = buffers.get(name);
      if (read === undefined) continue;
      last.set(read, step);
      read.uses -= 1;
      if (read.uses > 0) continue;
      const alike = idle.get(read.kind);
      if (alike === undefined) idle.set(read.kind, [read]);
      else alike.push(read);
    }
  }

  const change = new Array<number>(order.length + 1).fill(0);
  for (const [buffer, step] of first) {
    const size = bytesOf(buffer.type);
    change[step]! += size;
    // What is held after the run is held to its end.
    if (buffer.uses === 0) change[last.get(buffer)! + 1]! -= size;
  }
  let live = 0;
  let peak: AllocationPeak = { bytes: 0, at: '' };
  for (const [step, node] of order.entries()) {
    live += change[step]!;
    const bytes = live + scratchBytes(node, graph);
    if (bytes > peak.bytes) peak = { bytes, at: node.output };
  }
  return peak;
}

function kindOf({ type, shape }: ValueType): string {
  return `${elementBytes[type]} ${shape.join(' ')}`;
}
