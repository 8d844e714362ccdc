import { GraphBuilder } from '../graph/builder';
import { encode } from '../graph/encode';
import { internalError } from '../protocol/errors';
import type { DeviceName } from '../protocol/requests';
import { openSession } from '../runtime/openSession';

/** Products a run: enough that reading the result is a small part of it. */
const products = 4;

export interface MatMulSettings {
  readonly device: DeviceName;
  readonly threads: number;
  /** Rows and columns, at most: a device that is too slow for this size is measured with smaller matrices. */
  readonly size: number;
  /** Seconds to measure after the first run, which is not counted; three runs at least. */
  readonly seconds: number;
}

/** Smaller sizes that are tried first. */
const probeSizes = [128, 512];
/** Seconds that one run may take at most, foreseen from a smaller size. */
const longestRun = 2;

/** Anonymous bytes that measuring takes: two matrices fed, two alive between products. */
export function matMulBytes(size: number): number {
  return 4 * 4 * size * size;
}

/**
 * Rate of raw fp32 matrix products: what every other figure is compared with.
 *
 * @param onRun told after each run how many are done and how many there will be
 * @returns 1e9 floating-point operations a second, median over the runs
 */
export async function measureMatMul(
  { device, threads, size, seconds }: MatMulSettings,
  onRun: (done: number, total: number) => void,
): Promise<number> {
  const sizes = [...probeSizes.filter((probe) => probe < size), size];
  for (const [index, current] of sizes.entries()) {
    const next = sizes[index + 1];
    if (next === undefined) return rateOf(current, await timeRuns(device, threads, current, seconds, onRun));
    const probe = await timeRuns(device, threads, current, 0, () => undefined);
    const foreseen = (operations(next) / rateOf(current, probe)) * 1e-9;
    if (foreseen > longestRun) return rateOf(current, probe);
  }
  throw internalError('no size was measured');
}

function operations(size: number): number {
  return 2 * size ** 3 * products;
}

/** 1e9 operations a second at the median of these milliseconds. */
function rateOf(size: number, milliseconds: readonly number[]): number {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  return operations(size) / sorted[sorted.length >> 1]! / 1e6;
}

/** Milliseconds of each run but the first. */
async function timeRuns(
  device: DeviceName,
  threads: number,
  size: number,
  seconds: number,
  onRun: (done: number, total: number) => void,
): Promise<readonly number[]> {
  const session = await openSession(chainOfProducts(size), {
    device,
    threads,
    weightsFolder: '/',
    weights: 'mapped',
    workspace: 'kept',
    profile: 'off',
  });
  try {
    // Entries of about 1 / sqrt(size) keep the products' size.
    const scale = Math.sqrt(3 / size);
    const left = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i));
    const right = Float32Array.from({ length: size * size }, (_, i) => scale * Math.sin(1.7 * i));
    const milliseconds: number[] = [];
    let spent = 0;
    let total = 4;
    for (let run = 0; run < total; run += 1) {
      const start = performance.now();
      await session.run({ left, right });
      const took = performance.now() - start;
      if (run > 0) {
        milliseconds.push(took);
        spent += took;
        total = Math.max(4, 1 + Math.ceil((1000 * seconds * run) / spent));
      }
      onRun(run + 1, Math.max(total, run + 1));
    }
    return milliseconds;
  } finally {
    await session.release();
  }
}

function chainOfProducts(size: number) {
  const builder = new GraphBuilder();
  const right = builder.input('right', 'float32', [size, size]);
  let product = builder.input('left', 'float32', [size, size]);
  for (let i = 0; i < products; i += 1) product = builder.matMul(product, right);
  const sum = builder.reduceSum(product, [0, 1], 'drop');
  return encode(builder.finish([{ name: 'sum', value: sum }]), (name) => {
    throw internalError(`${name} is no weight`);
  });
}
