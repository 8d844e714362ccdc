/** An engine with jobs that misbehave on purpose. The server, sampler, sessions and messages are the real ones. */

import { sessionMemory } from '../../src/analyses/sessionMemory';
import type { JobContext } from '../../src/engine/jobContext';
import type { Job } from '../../src/engine/jobTable';
import { measureMatMul } from '../../src/engine/measureMatMul';
import { serveJobs } from '../../src/engine/serveJobs';
import { GraphBuilder } from '../../src/graph/builder';
import { differentiate } from '../../src/graph/differentiate';
import { encode } from '../../src/graph/encode';
import { planMemory } from '../../src/graph/planMemory';
import { inputError } from '../../src/protocol/errors';
import type { ComputeSettings } from '../../src/protocol/requests';
import { openSession } from '../../src/runtime/openSession';

interface TestRequest {
  readonly compute: ComputeSettings;
  readonly value?: unknown;
  readonly count?: number;
  readonly bytes?: number;
}

function job(run: (request: TestRequest, context: JobContext) => Promise<unknown>) {
  const made: Job<TestRequest, unknown> = { check: (request) => request as TestRequest, run };
  return async (): Promise<Job<unknown, unknown>> => made as Job<unknown, unknown>;
}

function blockFor(milliseconds: number): void {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

let modelsLoaded = 0;

serveJobs({
  echo: job(async ({ value }) => value),
  pid: job(async (_, { residents }) => {
    const model = await residents.get({
      kind: 'model',
      key: 'one',
      make: async () => {
        modelsLoaded += 1;
        return { loads: modelsLoaded };
      },
      release: async () => undefined,
    });
    return { pid: process.pid, loads: model.loads };
  }),
  stream: job(async ({ count }, context) => {
    for (let i = 0; i <= count!; i += 1) {
      context.event({ kind: 'token', i });
      context.progress({ stage: 'streaming', done: i, total: count!, unit: 'tokens' });
    }
    context.log('info', 'all sent');
    return count;
  }),
  userError: job(async () => {
    throw inputError('rows-missing', 'data.jsonl holds no rows.', 'Add a row.');
  }),
  fault: job(async () => {
    throw new Error('internal: a broken assumption');
  }),
  unreadable: job(async (_, context) => {
    context.event(new Map());
    await new Promise(() => undefined);
  }),
  // Native computation that holds the main thread nearly all of the time.
  compute: job(async (_, context) => {
    context.event({ kind: 'started', pid: process.pid });
    return measureMatMul({ device: 'cpu', threads: 1, size: 512, seconds: 600 }, () => undefined);
  }),
  // Holds the main thread without a break, as a long factorisation does.
  block: job(async (_, context) => {
    context.event({ kind: 'started', pid: process.pid });
    await new Promise((resolve) => setTimeout(resolve, 50));
    blockFor(600_000);
  }),
  // Dies on its first request only; the resumed one carries a value.
  dieOnce: job(async ({ value }) => {
    if (value === undefined) process.kill(process.pid, 'SIGSEGV');
    await new Promise((resolve) => setTimeout(resolve, value === undefined ? 60_000 : 0));
    return value;
  }),
  quit: job(async () => {
    process.stderr.write('the tensor library says goodbye\n');
    process.exit(7);
  }),
  hold: job(async ({ bytes }, context) => {
    context.announceMemory({ bytes: bytes!, alternatives: [{ setting: '--batch-size 1', bytes: 1000 }] });
    const held = new Uint8Array(bytes!).fill(1);
    blockFor(200);
    return held.length;
  }),
  // The gradient of a deep network: most of its memory is activations.
  gradient: job(async (_, context) => {
    const builder = new GraphBuilder();
    const [rows, width, layers] = [2048, 512, 24];
    const weights = Array.from({ length: layers }, (_, i) => builder.input(`w${i}`, 'float32', [width, width]));
    let x = builder.input('x', 'float32', [rows, width]);
    for (const w of weights) x = builder.unary('Tanh', builder.gemm(x, w, { transA: 'no', transB: 'yes' }));
    const gradients = differentiate(builder, builder.reduceSum(x, [0, 1], 'drop'), weights);
    const outputs = gradients.map((value, i) => ({
      name: `norm${i}`,
      value: builder.reduceSum(builder.mul(value, value), [0, 1], 'drop'),
    }));
    const graph = builder.finish(outputs);
    context.announceMemory({ bytes: sessionMemory(planMemory(graph), { kind: 'mapped' }), alternatives: [] });
    const encoded = encode(graph, () => {
      throw new Error('internal: no weights');
    });
    const feeds = Object.fromEntries(
      encoded.inputs.map(({ name, shape }) => [name, new Float32Array(shape[0]! * shape[1]!).fill(0.01)]),
    );
    const session = await context.sessions.get('gradient', () =>
      openSession(encoded, {
        device: 'cpu',
        threads: 2,
        weightsFolder: '/',
        weights: 'mapped',
        workspace: 'kept',
        profile: 'off',
      }),
    );
    await session.run(feeds);
    return Object.keys(await session.run(feeds)).length;
  }),
  device: job(async ({ compute }, context) => context.device(compute)),
});
