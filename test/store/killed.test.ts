import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openArtifacts } from '../../src/store/artifacts';
import { openVectorIndex } from '../../src/store/openVectorIndex';
import { readLineage } from '../../src/store/readLineage';
import { rowBytes } from '../../src/store/vectorDescription';
import { seededRandom } from '../support/seededRandom';
import { description, range, rowHash, rowsOf, settings, withStore } from './support/vectors';

const rows = 400;
const width = 64;
const shardRows = 8;
const kills = 22;
const form = description('float16', width);
const small = settings(rowBytes(form) * shardRows);
const child = path.resolve('out-test/store/support/fillStore.child.mjs');

const compactor = path.resolve('out-test/store/support/compactStore.child.mjs');

const fill = (store: string, steps: number | undefined, milliseconds: number): Promise<string> =>
  runChild([child, store, String(rows), String(width)], steps, milliseconds);

/** Runs a child; kills it `milliseconds` after it has done `steps` (undefined: never). Gives what it has said. */
async function runChild(args: readonly string[], steps: number | undefined, milliseconds: number): Promise<string> {
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let killing: Promise<void> | undefined;
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (steps === undefined || killing !== undefined || stepsOf(said, /[+.]/g) < steps) return;
    killing = sleep(milliseconds).then(() => {
      running.kill('SIGKILL');
    });
  });
  await new Promise((resolve) => running.on('close', resolve));
  await killing;
  return said;
}

const stepsOf = (said: string, step: RegExp): number => said.match(step)?.length ?? 0;

/** Opens what a kill left and checks all of it; gives the number of rows there. */
async function assertSound(store: string): Promise<number> {
  const index = await openVectorIndex(store, form, small);
  assert.deepEqual(index.problems, []);
  const missing = new Set(index.missing(range(0, rows).map(rowHash)));
  const present = range(0, rows).filter((row) => !missing.has(rowHash(row)));
  const { hashes, scalars } = rowsOf(present, width);
  assert.deepEqual((await index.load(hashes)).scalars, scalars);
  assert.deepEqual(await index.verify(), []);
  assert.deepEqual(readLineage(store).problems, []);
  const artifacts = await openArtifacts(store, small, (problem) => {
    throw problem;
  });
  const found = await artifacts.readArtifact('factors', { of: 'all' });
  if (found !== undefined) {
    const step = found.metadata.step as number;
    assert.deepEqual(found.tensors.get('step')?.data, new Float32Array(500).fill(step));
  }
  return present.length;
}

describe('a store whose writer is killed', function () {
  this.timeout(120_000);

  it(`is sound after each of ${kills} kills, loses the shard in work at most, and ends in the same bits`, async () => {
    await withStore(async (store) => {
      const random = seededRandom(11);
      let before = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const steps = 1 + Math.floor(random.uniform() * 7);
        const said = await fill(store, steps, random.uniform() * 4);
        const appended = stepsOf(said, /\+/g) * 3;
        assert.ok(said.startsWith(`missing ${rows - before}\n`), 'only what is missing is computed');
        const now = await assertSound(store);
        assert.ok(
          now >= before + appended - (shardRows - 1),
          `${appended} rows were appended, ${now - before} are there`,
        );
        before = now;
      }
      assert.ok(before > 0 && before < rows, `${before} rows were there before the last run`);
      assert.match(await fill(store, undefined, 0), /done/);
      assert.equal(await assertSound(store), rows);

      await withStore(async (other) => {
        const whole = await openVectorIndex(other, form, small);
        const { hashes, vectors, scalars } = rowsOf(range(0, rows), width);
        await whole.append(hashes, vectors, scalars);
        await whole.finish();
        const killed = await openVectorIndex(store, form, small);
        assert.deepEqual(await killed.load(hashes), await whole.load(hashes));
      });
    });
  });

  it('is sound after each of 12 kills while it is compacted: nothing is lost and nothing removed comes back', async () => {
    await withStore(async (store) => {
      const random = seededRandom(12);
      const index = await openVectorIndex(store, form, small);
      const { hashes, vectors, scalars } = rowsOf(range(0, 60), width);
      await index.append(hashes, vectors, scalars);
      await index.finish();
      const removed = new Set<number>();
      for (let kill = 0; kill < 12; kill += 1) {
        const open = await openVectorIndex(store, form, small);
        removed.add(kill * 4);
        await open.remove([rowHash(kill * 4)]);
        const steps = 1 + Math.floor(random.uniform() * 3);
        await runChild([compactor, store, String(width), String(shardRows)], steps, random.uniform() * 30);
        const left = await openVectorIndex(store, form, small);
        assert.deepEqual(left.problems, []);
        assert.deepEqual(new Set(left.missing(hashes)), new Set([...removed].map(rowHash)));
        const kept = rowsOf(
          range(0, 60).filter((row) => !removed.has(row)),
          width,
        );
        assert.deepEqual((await left.load(kept.hashes)).scalars, kept.scalars);
        assert.deepEqual(await left.verify(), []);
      }
      const last = await openVectorIndex(store, form, small);
      await last.compact();
      assert.ok(last.bytes < index.bytes);
    });
  });
});
