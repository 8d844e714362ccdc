import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { appendLineage } from '../../src/store/lineage';
import { openVectorIndex } from '../../src/store/openVectorIndex';
import { storeFolderOf } from '../../src/store/storeFolder';
import { description, range, rowsOf, settings } from '../store/support/vectors';
import { runCli } from './support/runCli';

describe('store and lineage', function () {
  this.timeout(60_000);
  let folder: string;
  let store: string;
  const run = (...args: string[]) =>
    runCli(args, { cwd: path.join(folder, 'deep'), cache: path.join(folder, 'cache') });

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'whence-store-cli-'));
    mkdirSync(path.join(folder, 'deep'));
    writeFileSync(path.join(folder, 'whence.json'), '{}');
    store = storeFolderOf(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('say so where nothing is stored', async () => {
    const listed = await run('store');
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, /\.whence: empty/);
    const lineage = await run('lineage');
    assert.equal(lineage.code, 0, lineage.stderr);
    assert.equal(lineage.stdout, 'Nothing was recorded yet.\n');
    assert.equal(existsSync(store), false, 'looking makes no folder');
  });

  it('list what is there, clean it on request, and never without being told to', async () => {
    const index = await openVectorIndex(store, description('float16', 8), settings(1 << 20));
    const { hashes, vectors, scalars } = rowsOf(range(0, 20), 8);
    await index.append(hashes, vectors, scalars);
    await index.finish();
    await appendLineage(store, {
      command: 'index',
      parents: [],
      inputs: [{ path: 'data/\u001b[31mtrain.jsonl', hash: hashes[0]! }],
      settings: {},
      metrics: { rows: 20 },
      outputs: [],
    });
    const listed = await run('store', '--json');
    assert.equal(listed.code, 0, listed.stderr);
    const document = JSON.parse(listed.stdout);
    assert.equal(document.schema, 'whence.store/1');
    assert.equal(document.store.folder, store);
    assert.deepEqual(
      document.store.kinds.map(({ kind }: { kind: string }) => kind),
      ['index', 'lineage'],
    );
    assert.ok(document.store.bytes > 0 && document.store.bytes < document.store.budgetBytes);

    const asked = await run('store', '--clean', 'index');
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /1 items with .* would be removed: 1 index[\s\S]*--yes/);
    const dry = await run('store', '--clean', 'index', '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /would be removed:[\s\S]*20 rows of gradients/);
    assert.equal(readdirSync(path.join(store, 'index')).length, 1);

    const done = await run('store', '--clean', 'all', '--yes', '--json', '--out', 'left.csv');
    assert.equal(done.code, 0, done.stderr);
    const { clean, items } = JSON.parse(done.stdout);
    assert.equal(clean.done, true);
    assert.deepEqual(
      items.map(({ kind }: { kind: string }) => kind),
      ['lineage'],
    );
    assert.equal(readdirSync(path.join(store, 'index')).length, 0);
    assert.match(
      readFileSync(path.join(folder, 'deep', 'left.csv'), 'utf8'),
      /^place,kind,name,what,files,bytes,lastUsed\nstore,lineage,/,
    );

    const unknown = await run('store', '--clean', 'everything', '--yes', '--json');
    assert.equal(unknown.code, 2);
    assert.equal(JSON.parse(unknown.stderr).error.code, 'kind-unknown');
  });

  it('lineage prints who ran what, and exits 1 where the record was changed', async () => {
    const sound = await run('lineage');
    assert.equal(sound.code, 0, sound.stderr);
    assert.match(sound.stdout, /index +data\/.\[31mtrain\.jsonl +rows 20/);
    assert.ok(!sound.stdout.includes('\u001b'), 'nothing that a terminal obeys is printed');
    const [segment] = readdirSync(path.join(store, 'lineage'));
    const file = path.join(store, 'lineage', segment!);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"rows":20', '"rows":21'));
    const broken = await run('lineage', '--json');
    assert.equal(broken.code, 1);
    const document = JSON.parse(broken.stdout);
    assert.equal(document.whole, false);
    assert.deepEqual(
      document.problems.map(({ line }: { line: number }) => line),
      [1],
    );
    const { error } = JSON.parse(broken.stderr);
    assert.equal(error.code, 'lineage-broken');
    assert.ok(error.message.includes(file));
  });
});
