import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/protocol/errors';
import { openArtifacts } from '../../src/store/artifacts';
import { chooseItems, removeItems } from '../../src/store/cleanStore';
import { acquireLease } from '../../src/store/lease';
import { appendLineage } from '../../src/store/lineage';
import { openVectorIndex } from '../../src/store/openVectorIndex';
import { readLineage } from '../../src/store/readLineage';
import { readCacheContents, readStoreContents, type StoreItem } from '../../src/store/storeContents';
import { filesBelow, storeBytes } from '../../src/store/storeSize';
import { rowBytes } from '../../src/store/vectorDescription';
import { newWriter } from '../../src/store/writerIdentity';
import { description, range, rowHash, rowsOf, settings, withStore } from './support/vectors';

const form = description('float16', 5);
const small = settings(rowBytes(form) * 4);
const now = Date.parse('2030-06-01T00:00:00Z');
const day = 24 * 3600e3;

function age(file: string, days: number): void {
  const then = new Date(now - days * day);
  utimesSync(file, then, then);
}

async function fillStore(store: string): Promise<void> {
  for (const modelHash of ['a'.repeat(64), 'b'.repeat(64)]) {
    const index = await openVectorIndex(store, { ...form, modelHash }, small);
    const { hashes, vectors, scalars } = rowsOf(range(0, 10), 5);
    await index.append(hashes, vectors, scalars);
    await index.finish();
  }
  const artifacts = await openArtifacts(store, small, (problem) => {
    throw problem;
  });
  const tensors = new Map([['a', { shape: [3], data: new Float32Array(3) }]]);
  await artifacts.writeArtifact('factors', { model: 'x', rows: 10 }, tensors, {});
  await artifacts.writeArtifact('scores', { query: 'q1' }, new Map(), {});
  await appendLineage(store, { command: 'index', parents: [], inputs: [], settings: {}, metrics: {}, outputs: [] });
  for (const { file } of filesBelow(store)) age(file, 1);
}

const kindsOf = (items: readonly StoreItem[]): string[] => items.map(({ kind }) => kind).sort();

describe('what a store holds', () => {
  it('every kind with its size; all bytes but the notice are accounted for', async () => {
    await withStore(async (store) => {
      await fillStore(store);
      const items = await readStoreContents(store);
      assert.deepEqual(kindsOf(items), ['factors', 'index', 'index', 'lineage', 'scores']);
      const notice = ['README.txt', '.gitignore'].map((name) => readFileSync(path.join(store, name)).length);
      const sum = items.reduce((total, { bytes }) => total + bytes, 0);
      assert.equal(sum + notice[0]! + notice[1]!, storeBytes(store));
      assert.match(
        items.find(({ kind }) => kind === 'index')!.what,
        /^10 rows of gradients, 5 x float16, model (a{12}|b{12})$/,
      );
      assert.match(items.find(({ kind }) => kind === 'factors')!.what, /model x, rows 10/);
      for (const { lastUsed } of items) assert.equal(lastUsed, now - day);
      assert.equal(readFileSync(path.join(store, '.gitignore'), 'utf8'), '*\n');
      assert.match(readFileSync(path.join(store, 'README.txt'), 'utf8'), /derived from your training rows/);
    });
  });

  it('opening an index and reading an artifact counts as use', async () => {
    await withStore(async (store) => {
      await fillStore(store);
      for (const { file } of filesBelow(store)) age(file, 5000);
      await openVectorIndex(store, { ...form, modelHash: 'a'.repeat(64) }, small);
      const artifacts = await openArtifacts(store, small, (problem) => {
        throw problem;
      });
      await artifacts.readArtifact('scores', { query: 'q1' });
      const unused = chooseItems(await readStoreContents(store), ['unused'], 4000, now);
      assert.deepEqual(kindsOf(unused), ['factors', 'index']);
    });
  });

  it('cleaning removes what was named and nothing else; the lineage only by its name', async () => {
    for (const [words, left] of [
      [['all'], ['lineage']],
      [['index'], ['factors', 'lineage', 'scores']],
      [
        ['factors', 'scores'],
        ['index', 'index', 'lineage'],
      ],
      [['unused'], ['factors', 'index', 'index', 'lineage', 'scores']],
      [['all', 'lineage'], []],
    ] as const) {
      await withStore(async (store) => {
        await fillStore(store);
        removeItems(store, chooseItems(await readStoreContents(store), words, 30, now));
        assert.deepEqual(kindsOf(await readStoreContents(store)), left);
        assert.deepEqual(readLineage(store).problems, []);
        assert.deepEqual(
          readdirSync(store).filter((name) => name.startsWith('.removed')),
          [],
        );
        // What is left still works, and what is gone can be made again.
        const index = await openVectorIndex(store, { ...form, modelHash: 'a'.repeat(64) }, small);
        const hashes = range(0, 10).map(rowHash);
        assert.equal(index.missing(hashes).length, left.some((kind) => kind === 'index') ? 0 : 10);
      });
    }
  });

  it('left-overs are unused whatever their age: damaged files and temporary files of the dead', async () => {
    await withStore(async (store) => {
      await fillStore(store);
      const [folder] = readdirSync(path.join(store, 'index')).map((name) => path.join(store, 'index', name));
      const [shard] = readdirSync(folder!).filter((name) => name.endsWith('.safetensors'));
      writeFileSync(path.join(folder!, shard!), 'damaged');
      const dead = newWriter().replace(String(process.pid), '999999');
      for (const writer of [dead, newWriter()]) {
        const file = path.join(folder!, `.00009-${writer}.safetensors.aabbccddeeff.part`);
        writeFileSync(file, 'half a shard');
        const then = new Date(Date.now() - 120e3);
        utimesSync(file, then, then);
      }
      const factors = path.join(store, 'artifacts', 'factors');
      const orphan = path.join(factors, `${'0'.repeat(40)}-00000000.safetensors`);
      writeFileSync(orphan, 'orphan');
      age(orphan, 20_000);
      writeFileSync(path.join(store, 'artifacts', 'scores', `${'1'.repeat(40)}.json`), '{');
      mkdirSync(path.join(store, '.removed-1'));
      mkdirSync(path.join(store, 'index', 'f'.repeat(40)));
      const chosen = chooseItems(await readStoreContents(store), ['unused'], 30, now);
      assert.equal(chosen.length, 6);
      removeItems(store, chosen);
      assert.equal(existsSync(path.join(folder!, shard!)), false);
      assert.equal(
        readdirSync(folder!).filter((name) => name.endsWith('.part')).length,
        1,
        'a living writer keeps its file',
      );
      assert.deepEqual(kindsOf(await readStoreContents(store)), ['factors', 'index', 'index', 'lineage', 'scores']);
    });
  });

  it('nothing is removed while a job is at work', async () => {
    await withStore(async (store) => {
      await fillStore(store);
      await acquireLease(store, 'index-job');
      const items = await readStoreContents(store);
      assert.throws(
        () => removeItems(store, items),
        (error) => error instanceof UserError && error.code === 'store-busy',
      );
      assert.equal((await readStoreContents(store)).length, items.length);
    });
  });

  it('an unknown kind is refused with the kinds there are', async () => {
    await withStore(async (store) => {
      await fillStore(store);
      const items = await readStoreContents(store);
      assert.throws(
        () => chooseItems(items, ['indexes'], 30, now),
        (error) => error instanceof UserError && error.code === 'kind-unknown' && /factors, index/.test(error.next),
      );
    });
  });

  it('no link is followed and no stranger is touched', async () => {
    if (process.platform === 'win32') return;
    await withStore(async (store) =>
      withStore(async (outside) => {
        await fillStore(store);
        mkdirSync(outside, { recursive: true });
        writeFileSync(path.join(outside, 'precious'), 'x');
        symlinkSync(outside, path.join(store, 'index', 'e'.repeat(40)));
        symlinkSync(outside, path.join(store, 'artifacts', 'linked'));
        writeFileSync(path.join(store, 'artifacts', 'factors', 'notes.txt'), 'x');
        removeItems(store, chooseItems(await readStoreContents(store), ['all'], 0, now));
        assert.ok(existsSync(path.join(outside, 'precious')));
        assert.ok(existsSync(path.join(store, 'artifacts', 'factors', 'notes.txt')));
      }),
    );
  });

  it('of the cache only its own files are listed', async () => {
    await withStore(async (cache) => {
      mkdirSync(path.join(cache, 'hashes'), { recursive: true });
      mkdirSync(path.join(cache, 'a'.repeat(32)));
      mkdirSync(path.join(cache, 'photos'));
      for (const name of ['hashes/x', `${'a'.repeat(32)}/weights.safetensors`, 'photos/one.jpg', 'devices.json'])
        writeFileSync(path.join(cache, name), 'content');
      const items = readCacheContents(cache);
      assert.deepEqual(kindsOf(items), ['devices', 'hashes', 'weights']);
      removeItems(cache, chooseItems(items, ['all'], 30, now));
      assert.deepEqual(readdirSync(cache), ['photos']);
    });
  });
});
