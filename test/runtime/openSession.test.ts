import assert from 'node:assert/strict';
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { GraphBuilder } from '../../src/graph/builder';
import { encode } from '../../src/graph/encode';
import { UserError } from '../../src/protocol/errors';
import { deviceNames } from '../../src/protocol/requests';
import { isInBuild } from '../../src/runtime/devices';
import { listBackends } from '../../src/runtime/onnxruntime';
import { openSession, type SessionOptions } from '../../src/runtime/openSession';
import { weightsRoot } from '../../src/runtime/weightsRoot';

const options: SessionOptions = {
  device: 'cpu',
  threads: 1,
  weightsFolder: weightsRoot([]).folder,
  weights: 'mapped',
  workspace: 'kept',
  profile: 'off',
};

function noWeights(): never {
  throw new Error('the graph has no weights');
}

/** y = x + 1 over [2, 3]; flags = x > 0; indices pass through. */
function smallGraph() {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', [2, 3]);
  const ids = builder.input('ids', 'int64', [2]);
  return encode(
    builder.finish([
      { name: 'y', value: builder.add(x, builder.scalar(1)) },
      { name: 'flags', value: builder.compare('Greater', x, builder.scalar(0)) },
      { name: 'same', value: builder.identity(ids) },
    ]),
    noWeights,
  );
}

const feeds = { x: Float32Array.of(-1, 0, 1, 2, 3, 4), ids: BigInt64Array.of(5n, -6n) };

describe('openSession', () => {
  let folder: string;
  before(async () => {
    folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'whence-session-')));
  });
  after(() => rm(folder, { recursive: true }));

  it('feeds and results of every type keep type and order', async () => {
    const session = await openSession(smallGraph(), options);
    assert.deepEqual(await session.run(feeds), {
      y: Float32Array.of(0, 1, 2, 3, 4, 5),
      flags: Uint8Array.of(0, 0, 1, 1, 1, 1),
      same: BigInt64Array.of(5n, -6n),
    });
    await session.release();
  });

  it('results are their own memory: a later run leaves them as they are', async () => {
    const session = await openSession(smallGraph(), options);
    const first = await session.run(feeds);
    const second = await session.run({ ...feeds, x: new Float32Array(6) });
    assert.deepEqual(first.y, Float32Array.of(0, 1, 2, 3, 4, 5));
    assert.deepEqual(second.y, new Float32Array(6).fill(1));
    await session.release();
  });

  for (const weights of ['mapped', 'packed'] as const) {
    it(`weights are read from their place in the file, also where it is not aligned: ${weights}`, async () => {
      const file = path.join(folder, 'weights with ü and spaces.bin');
      const values = Float32Array.of(1, 2, 3, 4, 5, 6);
      await writeFile(file, Buffer.concat([Buffer.from('header!'), Buffer.from(values.buffer)]));
      const root = weightsRoot([file]);
      const builder = new GraphBuilder();
      const x = builder.input('x', 'float32', [1, 3]);
      const y = builder.gemm(x, builder.weight('w', [2, 3]), { transA: 'no', transB: 'yes' });
      const graph = encode(builder.finish([{ name: 'y', value: y }]), () => ({
        location: root.locate(file),
        offset: 7,
        byteLength: 24,
      }));
      const session = await openSession(graph, { ...options, weightsFolder: root.folder, weights });
      assert.deepEqual((await session.run({ x: Float32Array.of(1, 10, 100) })).y, Float32Array.of(321, 654));
      await session.release();
    });
  }

  const wrongFeeds: readonly [string, object, RegExp][] = [
    ['a missing feed', { x: feeds.x }, /nothing is fed to ids/],
    ['an unknown feed', { ...feeds, z: feeds.x }, /no input z/],
    ['too few elements', { ...feeds, x: new Float32Array(5) }, /x has the shape \[2,3\], that is 6 elements, not 5/],
    ['too many elements', { ...feeds, x: new Float32Array(7) }, /not 7/],
    ['another element type', { ...feeds, x: new Float64Array(6) }, /takes a Float32Array, not a Float64Array/],
    ['another integer type', { ...feeds, ids: new BigUint64Array(2) }, /takes a BigInt64Array/],
    ['a list of numbers', { ...feeds, ids: [1, 2] }, /not a Array/],
  ];
  for (const [name, wrong, message] of wrongFeeds) {
    it(`refuses ${name}, and the session still works`, async () => {
      const session = await openSession(smallGraph(), options);
      await assert.rejects(session.run(wrong as typeof feeds), message);
      assert.equal((await session.run(feeds)).y?.length, 6);
      await session.release();
    });
  }

  it('a released session waits for its run, refuses the next one, and may be released again', async () => {
    const session = await openSession(smallGraph(), options);
    const running = session.run(feeds);
    await session.release();
    assert.equal((await running).y?.length, 6);
    await assert.rejects(session.run(feeds), /released/);
    await session.release();
  });

  it('a device that the build lacks is an error, never another device', async () => {
    const backends = await listBackends();
    const missing = deviceNames.filter((device) => isInBuild(device, backends) === 'absent');
    assert.ok(missing.length > 0);
    for (const device of missing) {
      await assert.rejects(openSession(smallGraph(), { ...options, device }), (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.code, 'device-absent');
        assert.match(error.next, /auto, cpu/);
        return true;
      });
    }
  });

  it('bytes that are no graph, and weights that are not there, are errors with words', async () => {
    const graph = smallGraph();
    const broken = { ...graph, bytes: graph.bytes.slice(0, graph.bytes.length >> 1) };
    await assert.rejects(openSession(broken, options), (error: unknown) => {
      assert.ok(error instanceof UserError && error.code === 'session-failed', String(error));
      return true;
    });
    const builder = new GraphBuilder();
    const y = builder.unary('Neg', builder.weight('w', [4]));
    const location = {
      location: weightsRoot([folder]).locate(path.join(folder, 'absent.bin')),
      offset: 0,
      byteLength: 16,
    };
    const absent = encode(builder.finish([{ name: 'y', value: y }]), () => location);
    await assert.rejects(openSession(absent, options), (error: unknown) => {
      assert.ok(error instanceof UserError && error.code === 'session-failed', String(error));
      assert.match(error.message, /absent\.bin/);
      return true;
    });
  });

  it('a tensor larger than any memory is an error that says memory, and the process lives on', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [1]);
    const huge = builder.expand(x, [2 ** 22, 2 ** 22]);
    const graph = encode(builder.finish([{ name: 'y', value: builder.reduceSum(huge, [0, 1], 'drop') }]), noWeights);
    const session = await openSession(graph, options);
    await assert.rejects(session.run({ x: new Float32Array(1) }), (error: unknown) => {
      assert.ok(error instanceof UserError && error.code === 'out-of-memory', String(error));
      return true;
    });
    await session.release();
  });

  it('a profile is written when the session is released', async () => {
    const session = await openSession(smallGraph(), { ...options, profile: { prefix: path.join(folder, 'trace') } });
    await session.run(feeds);
    await session.release();
    assert.ok((await readdir(folder)).some((name) => name.startsWith('trace') && name.endsWith('.json')));
  });
});

describe('weightsRoot', () => {
  it('is the root of the file system, and locations have forward slashes', () => {
    const posix = weightsRoot(['/data/a b/model.safetensors'], path.posix);
    assert.deepEqual([posix.folder, posix.locate('/data/a b/model.safetensors')], ['/', 'data/a b/model.safetensors']);
    const windows = weightsRoot(['C:\\models\\x.safetensors', 'c:\\adapters\\y.safetensors'], path.win32);
    assert.equal(windows.locate('C:\\models\\x.safetensors'), 'models/x.safetensors');
    const share = weightsRoot(['\\\\server\\share\\m\\x.safetensors'], path.win32);
    assert.equal(share.locate('\\\\server\\share\\m\\x.safetensors'), 'm/x.safetensors');
  });

  it('refuses files on two drives', () => {
    assert.throws(() => weightsRoot(['C:\\a', 'D:\\b'], path.win32), /C:\\a and D:\\b are on different drives/);
  });
});
