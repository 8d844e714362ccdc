/**
 * The machine's raw rate: float32 MatMul in onnxruntime, weights packed beforehand, nothing else in the graph. The best
 * of several runs of the shapes that the model multiplies and of one large square: what no model can beat.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../src/graph/builder';
import { encode } from '../src/graph/encode';
import { type PreparedStage, serve } from './serve';

export interface RawMatMulTask {
  readonly threads: number;
  /** [rows, inner, columns] of each product. */
  readonly products: readonly (readonly [number, number, number])[];
}

const runsOfEach = 6;

/** Deterministic values in [-1, 1): denormal or zero operands would be no fair measure. */
function values(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

async function prepareProduct([rows, inner, columns]: readonly [number, number, number], threads: number) {
  const builder = new GraphBuilder();
  const left = builder.input('left', 'float32', [rows, inner]);
  const right = builder.constant('float32', [inner, columns], values(inner * columns));
  const graph = builder.finish([{ name: 'product', value: builder.matMul(left, right) }]);
  const { bytes } = encode(graph, (name) => {
    throw new Error(`no weight is named ${name}`);
  });
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const feeds = { left: new Tensor('float32', values(rows * inner), [rows, inner]) };
  const operations = 2 * rows * inner * columns;
  return {
    run: async (): Promise<number> => {
      const start = performance.now();
      await session.run(feeds);
      return operations / ((performance.now() - start) / 1000);
    },
    release: () => session.release(),
  };
}

/** Each repeat answers with the best rate seen in it. */
async function prepare({ threads, products }: RawMatMulTask): Promise<PreparedStage> {
  const all = await Promise.all(products.map((product) => prepareProduct(product, threads)));
  return {
    library: 'onnxruntime MatMul',
    repeat: async () => {
      let best = 0;
      for (const { run } of all) {
        for (let i = 0; i < runsOfEach; i += 1) best = Math.max(best, await run());
      }
      return { rate: best };
    },
    end: async () => {
      await Promise.all(all.map(({ release }) => release()));
    },
  };
}

await serve(prepare);
