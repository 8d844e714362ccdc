import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { UserError } from '../../src/protocol/errors';
import { acquireLease } from '../../src/store/lease';
import { appendLineage } from '../../src/store/lineage';
import type { LineageRecord } from '../../src/store/lineageEntry';
import { readLineage, requireWholeChain } from '../../src/store/readLineage';
import { personSlug } from '../../src/store/writerIdentity';
import { rowHash, withStore } from './support/vectors';

const record = (step: number): LineageRecord => ({
  command: 'train',
  parents: [],
  inputs: [{ path: 'data/train.jsonl', hash: rowHash(step) }],
  settings: { step, 'ä\n"': [1.5, null, true] },
  metrics: { loss: step / 3 },
  outputs: [{ path: 'models/tuned', hash: rowHash(step + 1) }],
});

const segmentsOf = (store: string): string[] =>
  readdirSync(path.join(store, 'lineage')).map((name) => path.join(store, 'lineage', name));

/** Two segments: one of this user, and one begun while that was in use. */
async function twoSegments(store: string): Promise<void> {
  await appendLineage(store, record(0));
  await appendLineage(store, record(1));
  const lease = await acquireLease(store, `lineage-${personSlug()}`);
  assert.ok(!('heldBy' in lease));
  await appendLineage(store, record(2));
  lease.release();
  await appendLineage(store, record(3));
}

describe('lineage', () => {
  it('entries come back in order with who, when and what they build on', async () => {
    await withStore(async (store) => {
      await twoSegments(store);
      const { entries, problems } = readLineage(store);
      assert.deepEqual(problems, []);
      assert.equal(segmentsOf(store).length, 2);
      assert.deepEqual(
        entries.map(({ settings }) => settings.step),
        [0, 1, 2, 3],
      );
      // Each was made from what the one before it put out.
      for (const [i, entry] of entries.entries())
        assert.deepEqual(entry.parents, i === 0 ? [] : [entries[i - 1]!.hash]);
      assert.match(entries[0]!.who, /.+@.+/);
      assert.deepEqual(entries[3]!.metrics, { loss: 1 });
      requireWholeChain(readLineage(store));
    });
  });

  it('many at once lose nothing', async () => {
    await withStore(async (store) => {
      await Promise.all(Array.from({ length: 12 }, (_, step) => appendLineage(store, record(step * 10))));
      const { entries, problems } = readLineage(store);
      assert.deepEqual(problems, []);
      assert.equal(entries.length, 12);
    });
  });

  it('any changed byte, removed line or swapped line is found, whichever it is', async () => {
    await withStore(async (store) => {
      await twoSegments(store);
      // So that every segment was seen by an entry of the other.
      const lease = await acquireLease(store, `lineage-${personSlug()}`);
      await appendLineage(store, record(4));
      if (!('heldBy' in lease)) lease.release();
      for (const file of segmentsOf(store)) {
        const sound = readFileSync(file);
        await fc.assert(
          fc.property(fc.nat(sound.length - 2), fc.integer({ min: 1, max: 127 }), (at, change) => {
            const bytes = Buffer.from(sound);
            bytes[at] = bytes[at]! ^ change;
            writeFileSync(file, bytes);
            assert.notDeepEqual(readLineage(store).problems, []);
          }),
          { numRuns: 150 },
        );
        writeFileSync(file, sound);
        assert.deepEqual(readLineage(store).problems, []);
      }
      const main = segmentsOf(store).find((file) => file.endsWith(`${personSlug()}.jsonl`))!;
      const text = readFileSync(main, 'utf8');
      const lines = text.trimEnd().split('\n');
      assert.equal(lines.length, 3);
      const [a, b, c] = lines as [string, string, string];
      for (const left of [
        [b, c],
        [a, c],
        [a, b],
        [b, a, c],
        [a, c, b],
        [a, a, b, c],
        [a, b, b, c],
      ]) {
        writeFileSync(main, `${left.join('\n')}\n`);
        assert.notDeepEqual(readLineage(store).problems, [], left.length.toString());
      }
      rmSync(main);
      assert.notDeepEqual(readLineage(store).problems, []);
      assert.throws(
        () => requireWholeChain(readLineage(store)),
        (error) => error instanceof UserError && error.kind === 'checkFailed' && error.code === 'lineage-broken',
      );
    });
  });

  it('a line that was being written when its process was killed is skipped and cut off', async () => {
    await withStore(async (store) => {
      await appendLineage(store, record(0));
      const [file] = segmentsOf(store);
      appendFileSync(file!, '{"command":"tra');
      assert.equal(readLineage(store).entries.length, 1);
      assert.deepEqual(readLineage(store).problems, []);
      await appendLineage(store, record(1));
      assert.equal(readLineage(store).entries.length, 2);
      assert.deepEqual(readLineage(store).problems, []);
    });
  });

  it('hostile files are problems, never crashes', async () => {
    await withStore(async (store) => {
      await appendLineage(store, record(0));
      const folder = path.join(store, 'lineage');
      for (const text of [
        '\n',
        '[]\n',
        '{"command":1}\n',
        `${'['.repeat(100_000)}\n`,
        '\u0000\n',
        '{"__proto__":{}}\n',
      ]) {
        writeFileSync(path.join(folder, 'hostile.jsonl'), text);
        const { entries, problems } = readLineage(store);
        assert.equal(entries.length, 1);
        assert.deepEqual(
          problems.map(({ line }) => line),
          [1],
          text.slice(0, 20),
        );
      }
    });
  });

  it('an entry that is too long is refused and nothing is written', async () => {
    await withStore(async (store) => {
      const long = { ...record(0), settings: { text: 'x'.repeat(5 << 20) } };
      await assert.rejects(
        appendLineage(store, long),
        (error) => error instanceof UserError && error.code === 'lineage-too-long',
      );
      assert.deepEqual(readLineage(store).entries, []);
    });
  });
});
