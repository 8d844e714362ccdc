/** Bytes of the JavaScript heap of an engine that has loaded no model: part of what every engine holds. */
const emptyHeapBytes = 16 * 2 ** 20;

/** The heap grows by about as much as it holds before the collector takes garbage back (measured: 0.3 to 0.95). */
const growth = 2;

/** Bytes that tokenizers, adapters and rows take in this process beyond an empty engine's heap; part of a job's estimate. */
export function javaScriptMemory(): number {
  const { heapTotal, external } = process.memoryUsage();
  return growth * Math.max(0, heapTotal + external - emptyHeapBytes);
}
