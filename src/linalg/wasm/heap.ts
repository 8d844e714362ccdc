import { internalError } from '../../protocol/errors';
import { createMemory, type WasmMemory } from './encode';

/** A typed array inside a memory, with its address there. */
export interface Place<View> {
  readonly pointer: number;
  readonly view: View;
}

/** Places in a memory of its own, whose size is said beforehand: it never grows, so views stay valid. */
export interface Heap {
  readonly memory: WasmMemory;
  /** What can be placed. */
  readonly bytes: number;
  /** Gives up all places. What was there stays until it is overwritten. */
  clear(): void;
  float64(length: number): Place<Float64Array>;
  float32(length: number): Place<Float32Array>;
}

/** Between places, and after the last: loads of whole vectors may reach past an end. */
const gap = 64;

/** @param bytes sum of `heapBytes` of everything that will be placed */
export function createHeap(bytes: number): Heap {
  const memory = createMemory(bytes + gap, 'own');
  let next = 0;
  const take = (size: number): number => {
    const pointer = next;
    next += heapBytes(size);
    if (next > memory.buffer.byteLength) throw internalError('a heap is smaller than what is placed in it');
    return pointer;
  };
  return {
    memory,
    bytes,
    clear: () => {
      next = 0;
    },
    float64: (length) => {
      const pointer = take(length * 8);
      return { pointer, view: new Float64Array(memory.buffer, pointer, length) };
    },
    float32: (length) => {
      const pointer = take(length * 4);
      return { pointer, view: new Float32Array(memory.buffer, pointer, length) };
    },
  };
}

/** Room that an array of so many bytes takes in a heap. */
export function heapBytes(size: number): number {
  return Math.ceil(size / gap) * gap + gap;
}
