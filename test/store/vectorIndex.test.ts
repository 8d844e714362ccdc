import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { UserError } from '../../src/protocol/errors';
import { decodeHalfRows } from '../../src/store/halfRows';
import { acquireLease } from '../../src/store/lease';
import { mergeVectorIndex } from '../../src/store/mergeVectorIndex';
import { openVectorIndex, type VectorIndex } from '../../src/store/openVectorIndex';
import { rowBytes } from '../../src/store/vectorDescription';
import { shardOfRow, shardRange } from '../../src/store/writerSegment';
import { description, range, rowHash, rowsOf, settings, withStore } from './support/vectors';

const width = 6;
const form = description('float32', width);
/** Shards of four rows. */
const small = settings(rowBytes(form) * 4);

async function appendRows(index: VectorIndex, rows: readonly number[]): Promise<void> {
  const { hashes, vectors, scalars } = rowsOf(rows, width);
  await index.append(hashes, vectors, scalars);
}

const hashesOf = (rows: readonly number[]): string[] => rows.map(rowHash);
const shardsOf = (index: VectorIndex): string[] =>
  readdirSync(index.folder)
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .map((name) => path.join(index.folder, name));

function isUserError(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    assert.ok(error.next.length > 0);
    return true;
  };
}

async function assertHolds(index: VectorIndex, rows: readonly number[]): Promise<void> {
  const { vectors, scalars } = rowsOf(rows, width);
  const loaded = await index.load(hashesOf(rows));
  assert.deepEqual(loaded.data, vectors);
  assert.deepEqual(loaded.scalars, scalars);
}

describe('vector index', () => {
  it('gives back any rows in the order asked for, whatever they were appended and flushed in', async () => {
    const batches = fc.array(fc.array(fc.nat(30), { maxLength: 9 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.array(fc.nat(1000), { maxLength: 40 }),
        fc.nat(5),
        async (lists, picks, flushAfter) => {
          await withStore(async (store) => {
            const index = await openVectorIndex(store, form, small);
            for (const [i, list] of lists.entries()) {
              await appendRows(index, list);
              if (i === flushAfter) await index.flush();
            }
            const known = [...new Set(lists.flat())];
            const asked = known.length === 0 ? [] : picks.map((pick) => known[pick % known.length]!);
            await assertHolds(index, asked);
            await index.finish();
            assert.equal(index.rows, known.length);
            const again = await openVectorIndex(store, form, small);
            await assertHolds(again, asked);
            assert.deepEqual(
              again.missing(hashesOf(range(0, 31))),
              hashesOf(range(0, 31).filter((row) => !known.includes(row))),
            );
            assert.deepEqual(again.problems, []);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('blocks are the rows of load, in the memory of one block', async () => {
    await withStore(async (store) => {
      for (const element of ['float16', 'float32'] as const) {
        const index = await openVectorIndex(store, description(element, width), small);
        await appendRows(index, range(0, 23));
        await index.finish();
        const asked = [...range(5, 23), ...range(0, 7)];
        const loaded = await index.load(hashesOf(asked));
        const whole = new Float32Array(asked.length * width);
        if (loaded.data instanceof Uint16Array)
          decodeHalfRows(loaded.data, loaded.rowScales, width, 0, asked.length, whole);
        else whole.set(loaded.data);
        let next = 0;
        await index.readBlocks(hashesOf(asked), 4, ({ start, rows, values, scalars }) => {
          assert.equal(start, next);
          next += rows;
          assert.deepEqual(values, whole.subarray(start * width, next * width));
          assert.deepEqual(scalars, loaded.scalars.subarray(start * 2, next * 2));
        });
        assert.equal(next, asked.length);
        assert.deepEqual(await index.loadScalars(hashesOf(asked)), loaded.scalars);
      }
    });
  });

  it('loads into shared memory as into any other, and refuses arrays that do not fit', async () => {
    await withStore(async (store) => {
      const half = description('float16', width);
      const index = await openVectorIndex(store, half, small);
      await appendRows(index, range(0, 11));
      const asked = hashesOf([7, 8, 9, 10, 0, 1, 7]);
      const shared = {
        data: new Uint16Array(new SharedArrayBuffer(7 * width * 2)),
        rowScales: new Float32Array(new SharedArrayBuffer(7 * 4)),
        scalars: new Float32Array(new SharedArrayBuffer(7 * 2 * 4)),
      };
      await index.loadInto(asked, shared);
      const { data, rowScales, scalars } = await index.load(asked);
      assert.deepEqual([...shared.data], [...data]);
      assert.deepEqual([...shared.rowScales], [...rowScales]);
      assert.deepEqual([...shared.scalars], [...scalars]);
      await assert.rejects(index.loadInto([...asked, ...asked], shared), /internal/);
      await assert.rejects(index.loadInto(asked, { ...shared, data: new Float32Array(7 * width) }), /internal/);
    });
  });

  it('two descriptions never share a vector', async () => {
    await withStore(async (store) => {
      const one = await openVectorIndex(store, form, small);
      await appendRows(one, [1]);
      await one.finish();
      const other = await openVectorIndex(store, { ...form, settings: { maxLength: 129 } }, small);
      assert.deepEqual(other.missing([rowHash(1)]), [rowHash(1)]);
    });
  });

  it('several writers at once make one index, and duplicates are harmless', async () => {
    await withStore(async (store) => {
      const writers = await Promise.all(
        range(0, 3).map((index) => openVectorIndex(store, form, { ...small, assignment: { index, count: 3 } })),
      );
      const total = 31;
      await Promise.all(
        writers.map(async (writer, index) => {
          const { from, to } = shardRange(total, { index, count: 3 });
          await appendRows(writer, range(from, Math.min(total, to + 2)));
          await writer.finish();
        }),
      );
      const index = await openVectorIndex(store, form, small);
      assert.equal(index.rows, total);
      await assertHolds(index, range(0, total));
    });
  });

  it('removed rows are missing, can come back, and compaction frees their room', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, small);
      const other = await openVectorIndex(store, form, small);
      await appendRows(index, range(0, 10));
      await appendRows(other, range(0, 4));
      await other.finish();
      await index.finish();
      await index.remove(hashesOf([2, 3, 7]));
      assert.deepEqual(index.missing(hashesOf(range(0, 10))), hashesOf([2, 3, 7]));
      await assert.rejects(index.load(hashesOf([1, 2])), isUserError('index-incomplete', /lacks 1 of 2 rows/));
      await appendRows(index, [3]);
      await index.flush();
      const before = index.bytes;
      await index.compact();
      assert.ok(index.bytes < before);
      // A reader that opened the index before it was compacted still reads.
      await assertHolds(other, [0, 1]);
      const again = await openVectorIndex(store, form, small);
      assert.deepEqual(again.missing(hashesOf(range(0, 10))), hashesOf([2, 7]));
      await assertHolds(again, [0, 1, 3, 4, 5, 6, 8, 9]);
      assert.deepEqual(again.problems, []);
      assert.deepEqual(
        readdirSync(index.folder).filter((name) => name.startsWith('tombstones')),
        [],
      );
    });
  });

  it('does not edit an index that another process is editing', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, small);
      await appendRows(index, [1]);
      const lease = await acquireLease(store, `edit-${index.hash}`);
      assert.ok(!('heldBy' in lease));
      await assert.rejects(index.compact(), isUserError('store-busy', new RegExp(`process ${process.pid}`)));
      lease.release();
      await index.compact();
      await assertHolds(index, [1]);
    });
  });

  it('a damaged shard is named, and its rows alone are missing', async () => {
    const damages: [string, (file: string) => void][] = [
      ['cut', (file) => truncateSync(file, readFileSync(file).length - 1)],
      ['cut in the header', (file) => truncateSync(file, 20)],
      ['empty', (file) => truncateSync(file, 0)],
      ['longer', (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(3)]))],
      [
        'header',
        (file) =>
          writeFileSync(file, Buffer.from(readFileSync(file).toString('latin1').replace('F32', 'F64'), 'latin1')),
      ],
      ['not a shard', (file) => writeFileSync(file, 'hello')],
      ['a huge header', (file) => writeFileSync(file, Buffer.alloc(64, 0x7f))],
    ];
    for (const [name, damage] of damages) {
      await withStore(async (store) => {
        const index = await openVectorIndex(store, form, small);
        await appendRows(index, range(0, 12));
        await index.finish();
        const file = shardsOf(index)[1]!;
        damage(file);
        const again = await openVectorIndex(store, form, small);
        assert.deepEqual(again.missing(hashesOf(range(0, 12))), hashesOf(range(4, 8)), name);
        assert.equal(again.problems.length, 1, name);
        assert.ok(again.problems[0]!.message.includes(file), name);
        assert.match(again.problems[0]!.next, /computed anew/);
        await appendRows(again, range(4, 8));
        await again.finish();
        await assertHolds(again, range(0, 12));
        await again.compact();
        assert.deepEqual(again.problems, [], name);
        await assertHolds(again, range(0, 12));
      });
    }
  });

  it('any single changed byte is harmless, or found when opened or verified', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, small);
      await appendRows(index, range(0, 4));
      await index.finish();
      const file = shardsOf(index)[0]!;
      const sound = readFileSync(file);
      await fc.assert(
        fc.asyncProperty(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const bytes = Buffer.from(sound);
          bytes[at] = bytes[at]! ^ change;
          writeFileSync(file, bytes);
          const again = await openVectorIndex(store, form, small);
          await again.verify();
          if (again.missing(hashesOf(range(0, 4))).length === 0) await assertHolds(again, range(0, 4));
          else assert.ok(again.problems[0]!.message.includes(file));
        }),
        { numRuns: 300 },
      );
    });
  });

  it('damaged tombstones, segments and foreign files harm nothing', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, small);
      await appendRows(index, range(0, 5));
      await index.finish();
      for (const [name, text] of [
        ['tombstones-a.json', '{"schema":"whence.tombstones/1","removed":{"x":[-1]}}'],
        ['tombstones-b.json', '{'],
        ['tombstones-c.json', `${'['.repeat(5000)}`],
        ['segments/x.json', '{"schema":"whence.segment/1","writer":1}'],
        ['segments/y.json', '\u0000'],
        ['99999999999999-x.safetensors', 'x'],
        ['notes.txt', 'x'],
      ] as const)
        writeFileSync(path.join(index.folder, name), text);
      const again = await openVectorIndex(store, form, small);
      await assertHolds(again, range(0, 5));
      assert.equal(again.problems.length, 3);
    });
  });

  it('a shard that is gone is reported, unless it was compacted away', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, small);
      await appendRows(index, range(0, 8));
      await index.finish();
      const [gone] = shardsOf(index);
      const { rmSync } = await import('node:fs');
      rmSync(gone!);
      const again = await openVectorIndex(store, form, small);
      assert.deepEqual(
        again.problems.map(({ code }) => code),
        ['shard-lost'],
      );
      assert.deepEqual(again.missing(hashesOf(range(0, 8))), hashesOf(range(0, 4)));
    });
  });

  it('merge brings the parts of several stores together and names what is missing', async () => {
    await withStore(async (store) =>
      withStore(async (other) => {
        const total = 20;
        const part = async (folder: string, index: number, rows: readonly number[], end: 'finish' | 'flush') => {
          const writer = await openVectorIndex(folder, form, { ...small, assignment: { index, count: 3 } });
          await appendRows(writer, rows);
          await writer[end]();
          return writer;
        };
        await part(store, 0, range(0, 6), 'finish');
        await part(other, 1, range(6, 13), 'finish');
        await part(other, 2, range(13, 18), 'flush');
        const index = await openVectorIndex(store, form, small);
        const expected = hashesOf(range(0, total));
        await assert.rejects(
          mergeVectorIndex(index, store, expected, small),
          isUserError(
            'index-incomplete',
            /lacks 14 of 20 rows.*first of them 6, 7, 8, 9, 10 .*Shard 1\/3 lacks 7 rows: nothing was written/,
          ),
        );
        await assert.rejects(
          mergeVectorIndex(index, other, expected, small),
          isUserError(
            'index-incomplete',
            /lacks 2 of 20 rows.*18, 19 .*Shard 2\/3 lacks 2 rows: .* has not finished it/,
          ),
        );
        await part(other, 2, range(13, 20), 'finish');
        const result = await mergeVectorIndex(index, other, expected, small);
        assert.equal(result.rows, total);
        assert.ok(result.copied > 0);
        await assertHolds(index, range(0, total));
        assert.equal((await mergeVectorIndex(index, other, expected, small)).rows, total);
      }),
    );
  });

  it('merge leaves out a shard whose content is damaged', async () => {
    await withStore(async (store) =>
      withStore(async (other) => {
        const writer = await openVectorIndex(other, form, small);
        await appendRows(writer, range(0, 8));
        await writer.finish();
        const file = shardsOf(writer)[0]!;
        const bytes = readFileSync(file);
        // The last bytes of the file are keys; vectors lie before them.
        bytes[bytes.length - 4 * 32 - 10] = bytes[bytes.length - 4 * 32 - 10]! ^ 1;
        writeFileSync(file, bytes);
        const index = await openVectorIndex(store, form, small);
        await assert.rejects(
          mergeVectorIndex(index, other, hashesOf(range(0, 8)), small),
          isUserError('index-incomplete', /lacks 4 of 8 rows/),
        );
        await assertHolds(index, range(4, 8));
      }),
    );
  });

  it('rows of a shard range and the shard of a row agree', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        (rows, count, pick) => {
          const row = pick % rows;
          const { from, to } = shardRange(rows, { index: shardOfRow(row, rows, count), count });
          assert.ok(row >= from && row < to);
        },
      ),
    );
  });

  it('refuses what goes beyond the budget, before it is written', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, { ...small, budgetBytes: 3000 });
      await assert.rejects(
        appendRows(index, range(0, 40)),
        isUserError('store-full', /holds .* more would go beyond its budget/),
      );
      const again = await openVectorIndex(store, form, small);
      assert.equal(again.rows % 4, 0);
      await assertHolds(again, range(0, again.rows));
    });
  });

  it('a manifest that describes something else is refused', async () => {
    await withStore(async (store) => {
      const index = await openVectorIndex(store, form, small);
      const other = await openVectorIndex(store, { ...form, modelHash: 'b'.repeat(64) }, small);
      copyFileSync(path.join(other.folder, 'manifest.json'), path.join(index.folder, 'manifest.json'));
      await assert.rejects(openVectorIndex(store, form, small), isUserError('index-damaged', /manifest\.json/));
    });
  });
});
