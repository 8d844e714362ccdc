import type { DeviceName } from '../protocol/requests';
import { openSession } from './openSession';
import type { EncodedGraph, TensorData, Tensors } from './tensors';

/** A graph and its feeds that every device must compute alike. */
export interface ParityCase {
  readonly graph: EncodedGraph;
  readonly feeds: Tensors;
}

export interface Parity {
  /** Largest difference of any output from the CPU's, relative to that output's largest absolute value. */
  readonly error: number;
  /** The output it was found in. */
  readonly output: string;
}

/**
 * Runs the case on a device and on the CPU. Twice on the device: a second run sees the buffers of the first.
 *
 * @throws UserError where the device does not open or fails
 */
export async function measureParity(device: DeviceName, { graph, feeds }: ParityCase): Promise<Parity> {
  const expected = (await runOn('cpu', graph, feeds, 1))[0]!;
  const found = await runOn(device, graph, feeds, 2);
  const parities = found.flatMap((results) =>
    graph.outputs.map(({ name }) => ({ output: name, error: relativeError(results[name]!, expected[name]!) })),
  );
  return parities.reduce((worst, parity) => (parity.error > worst.error ? parity : worst));
}

async function runOn(device: DeviceName, graph: EncodedGraph, feeds: Tensors, runs: number) {
  const session = await openSession(graph, {
    device,
    threads: 1,
    weightsFolder: '/',
    weights: 'mapped',
    workspace: 'kept',
    profile: 'off',
  });
  try {
    const results: Record<string, TensorData>[] = [];
    for (let run = 0; run < runs; run += 1) results.push(await session.run(feeds));
    return results;
  } finally {
    await session.release();
  }
}

/** max |a - b| / max |b|; infinite where a value is not finite. */
function relativeError(a: TensorData, b: TensorData): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i += 1) {
    const [left, right] = [Number(a[i]), Number(b[i])];
    if (!Number.isFinite(left) || !Number.isFinite(right)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(left - right));
    scale = Math.max(scale, Math.abs(right));
  }
  return difference === 0 ? 0 : difference / Math.max(scale, Number.MIN_VALUE);
}
