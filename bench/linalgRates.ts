/**
 * Rates of the numerical kernels beside what the machine can do in the same run: onnxruntime's float32 MatMul for
 * products, a plain copy of memory for scans. Processor seconds are printed too: on a busy machine they say more than
 * the clock.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../src/graph/builder';
import { encode } from '../src/graph/encode';
import { cholesky } from '../src/linalg/cholesky/cholesky';
import { symmetricEigen } from '../src/linalg/eigen/symmetricEigen';
import { gaussianMatrix } from '../src/linalg/gaussianMatrix';
import { gramMatrix } from '../src/linalg/products/gramMatrix';
import { multiplyByTransposed } from '../src/linalg/products/multiplyMatrices';
import { createScanner } from '../src/workers/createScanner';
import { decomposeMatrices } from '../src/workers/decomposeMatrices';

// As the engine does.
if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString('--experimental-wasm-relaxed-simd');

const threads = Number(process.argv[2] ?? Math.min(2, availableParallelism()));

interface Measured {
  readonly wall: number;
  readonly processor: number;
}

/** The fastest of some runs, after one that warms up. */
async function best(runs: number, work: () => unknown): Promise<Measured> {
  let fastest: Measured = { wall: Number.POSITIVE_INFINITY, processor: 0 };
  for (let run = 0; run <= runs; run++) {
    const before = process.cpuUsage();
    const start = performance.now();
    await work();
    const wall = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    if (run > 0 && wall < fastest.wall) fastest = { wall, processor: (user + system) / 1e6 };
  }
  return fastest;
}

function line(name: string, { wall, processor }: Measured, rest: string): void {
  console.log(`${name.padEnd(46)} ${wall.toFixed(3)} s, ${processor.toFixed(3)} s of processors  ${rest}`);
}

async function rawMatMul(n: number, count: number): Promise<Measured> {
  const builder = new GraphBuilder();
  const left = builder.input('left', 'float32', [n, n]);
  const right = builder.constant('float32', [n, n], gaussianMatrix(n, n, 1, 'right'));
  const graph = builder.finish([{ name: 'product', value: builder.matMul(left, right) }]);
  const { bytes } = encode(graph, (name) => {
    throw new Error(`no weight is named ${name}`);
  });
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: count,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const feeds = { left: new Tensor('float32', gaussianMatrix(n, n, 2, 'left'), [n, n]) };
  const measured = await best(5, () => session.run(feeds));
  await session.release();
  return measured;
}

const rate = (operations: number, { wall }: Measured): string => `${(operations / wall / 1e9).toFixed(1)} GFLOP/s`;

async function products(): Promise<void> {
  const n = 1024;
  const raw = await rawMatMul(n, 1);
  line(`onnxruntime MatMul ${n}, 1 thread`, raw, rate(2 * n ** 3, raw));
  const a = gaussianMatrix(n, n, 1, 'a');
  const single = await best(5, () => multiplyByTransposed(a, a, { m: n, n, k: n }));
  line(
    `A B^T float32 ${n}, 1 thread`,
    single,
    `${rate(2 * n ** 3, single)}, ${(raw.wall / single.wall).toFixed(2)} of MatMul`,
  );
  const double = await best(3, () => gramMatrix(a, n, n));
  line(`G G^T float64 ${n}, 1 thread`, double, rate(n ** 3, double));
  const normals = await best(3, () => gaussianMatrix(1000, 1000, 1, 'normals'));
  line('normal numbers, 1 thread', normals, `${(1 / normals.wall).toFixed(0)} million a second`);
}

async function factorisations(): Promise<void> {
  for (const n of [576, 1536]) {
    const g = gaussianMatrix(n, 2 * n, 1, 'g');
    const matrix = gramMatrix(g, n, 2 * n);
    const eigen = await best(2, () => symmetricEigen(matrix, n));
    // Reduction 4/3 n^3, turning back 2 n^3; the rest depends on how much is deflated.
    line(`eigenvectors of ${n} x ${n}, 1 thread`, eigen, `${rate((10 / 3) * n ** 3, eigen)} at least`);
    const count = 2 * threads;
    const many = await best(1, () =>
      decomposeMatrices(
        Array.from({ length: count }, () => n),
        threads,
        async () => matrix,
        async () => undefined,
      ),
    );
    line(`eigenvectors of ${count} such, ${threads} threads`, many, `${(many.wall / count).toFixed(3)} s each`);
  }
  for (const n of [1024, 4096]) {
    const matrix = gramMatrix(gaussianMatrix(n, 64, 1, 'g'), n, 64);
    for (let i = 0; i < n; i++) matrix[i * n + i] = matrix[i * n + i]! + 1;
    const factor = await best(2, () => cholesky(matrix, n));
    line(`Cholesky ${n} x ${n}, 1 thread`, factor, rate(n ** 3 / 3, factor));
  }
}

async function scans(): Promise<void> {
  const [rows, width] = [100_000, 4096];
  const from = new Float64Array(2 ** 25).fill(1);
  const to = new Float64Array(from.length);
  const copy = await best(4, () => to.set(from));
  const copied = (2 * from.byteLength) / copy.wall / 1e9;
  line('copy of memory, 1 thread', copy, `${copied.toFixed(1)} GB/s read and written`);
  const scanner = createScanner({ rows, width, element: 'float16', threads });
  for (const { data } of scanner.parts) for (let i = 0; i < data.length; i++) data[i] = 0x3000 + (i & 0x87ff);
  const bytes = rows * width * 2;
  for (const count of [1, 4, 32]) {
    const queries = gaussianMatrix(count, width, 1, 'queries');
    const scan = await best(5, () => scanner.scan(queries, count));
    const through = bytes / scan.wall / 1e9;
    line(
      `${count} queries, ${rows} x ${width} halves, ${threads} threads`,
      scan,
      `${through.toFixed(1)} GB/s, ${(through / copied).toFixed(2)} of the copy, ${rate(2 * rows * width * count, scan)}`,
    );
  }
  line('lengths of the rows', await best(3, () => scanner.norms()), '');
  line('weighted sum of the rows', await best(3, () => scanner.weightedSum(new Float32Array(rows).fill(1))), '');
  await scanner.release();
}

await products();
await factorisations();
await scans();
