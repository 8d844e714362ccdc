import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { UserError } from '../../../src/protocol/errors';
import { openLargeFile } from '../../../src/server/largeFiles/openLargeFile';

describe('server/largeFiles', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'whence-large-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function withFile<T>(
    content: string | Buffer,
    use: (file: Awaited<ReturnType<typeof openLargeFile>>) => Promise<T>,
  ) {
    const name = path.join(folder, 'file.jsonl');
    writeFileSync(name, content);
    const file = await openLargeFile(name);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  }
  const never = new AbortController().signal;

  it('any lines of any text: as splitting the whole text says', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/[\r\n\ufeff]/g, ' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 30 }),
        line,
        fc.constantFrom('', '\ufeff'),
        fc.nat(30),
        fc.nat(10),
        async (lines, last, mark, first, count) => {
          const expected = [...lines.map(([text]) => text), ...(last === '' ? [] : [last])];
          await withFile(`${mark}${lines.map(([text, end]) => text + end).join('')}${last}`, async (file) => {
            const found = await file.read(first, first + count + 1, 1000);
            assert.deepEqual(
              found.map(({ text }) => text),
              expected.slice(first, first + count + 1),
            );
            await file.read(1e9, 1e9 + 1, 10);
            assert.deepEqual(file.lines(), { count: expected.length, complete: 'yes' });
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('lines behind many marks of the index, long lines cut and counted, characters across chunks whole', async () => {
    const long = '漢'.repeat(700_000);
    const rows = Array.from({ length: 30_000 }, (_, at) => `{"n":${at},"text":"é 漢字 ${'x'.repeat(at % 50)}"}`);
    rows[15_000] = long;
    await withFile(`${rows.join('\n')}\n`, async (file) => {
      for (const first of [29_999, 0, 14_999, 20_000]) {
        const found = await file.read(first, first + 3, 4 << 20);
        assert.deepEqual(
          found.map(({ text }) => text),
          rows.slice(first, first + 3),
        );
      }
      const [cut] = await file.read(15_000, 15_001, 30);
      assert.deepEqual(cut, { text: '漢'.repeat(10), cut: 3 * 700_000 - 30 });
      assert.deepEqual(await file.read(30_000, 30_010, 10), []);
    });
  });

  it('finds the next line that holds a text, across chunks, and gives up when told', async () => {
    const rows = Array.from({ length: 60_000 }, (_, at) => `{"n":${at},"text":"${'y'.repeat(40)}"}`);
    await withFile(rows.join('\n'), async (file) => {
      for (const at of [0, 1, 17_476, 26_215, 59_999]) assert.equal(await file.find(`"n":${at},`, 0, never), at);
      assert.equal(await file.find('"text"', 41_234, never), 41_234);
      assert.equal(await file.find('"n":7,', 8, never), undefined);
      assert.equal(await file.find('', 0, never), undefined);
      assert.equal(await file.find('"n":59999', 0, AbortSignal.abort()), undefined);
    });
  });

  it('a file that changes under it is refused, one that is missing too', async () => {
    const name = path.join(folder, 'changing.jsonl');
    writeFileSync(name, '{}\n');
    const file = await openLargeFile(name);
    try {
      assert.equal((await file.read(0, 1, 10)).length, 1);
      appendFileSync(name, '{}\n');
      await assert.rejects(file.read(0, 1, 10), (error) => error instanceof UserError && error.code === 'file-changed');
    } finally {
      await file.close();
    }
    await assert.rejects(
      openLargeFile(path.join(folder, 'no')),
      (error) => error instanceof UserError && error.code === 'file-not-found',
    );
  });
});
