import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { JsonObject } from '../../src/protocol/json';
import { fixtures, readAll } from './support';

interface Expected {
  readonly file: string;
  readonly layout: string;
  readonly rows: readonly JsonObject[] | null;
  readonly messages?: readonly (readonly JsonObject[])[];
}

const expected = JSON.parse(readFileSync(path.join(fixtures, 'expected.json'), 'utf8')) as { files: Expected[] };

describe('data files of every container', () => {
  for (const { file, rows } of expected.files) {
    if (rows === null) continue;
    it(`${file}: finds the expected rows`, async () => {
      const found = await readAll(path.join(fixtures, file));
      assert.deepEqual(found.problems, []);
      assert.deepEqual(
        found.rows.map(({ value }) => value),
        rows,
      );
    });
  }

  it('equal rows have equal hashes in every container', async () => {
    const hashes = (file: string) => readAll(path.join(fixtures, file)).then(({ rows }) => rows.map((row) => row.hash));
    const reference = await hashes('alpaca.jsonl');
    for (const file of ['alpaca.json', 'alpaca.csv', 'alpaca.tsv', 'alpaca.parquet', 'alpaca-file.arrow']) {
      assert.deepEqual(await hashes(file), reference, file);
    }
  });

  it('the address of a text row slices exactly its bytes', async () => {
    for (const file of ['alpaca.jsonl', 'alpaca-crlf.jsonl', 'alpaca.json', 'openai-no-final-newline.jsonl']) {
      const handle = await open(path.join(fixtures, file));
      const { rows } = await readAll(path.join(fixtures, file));
      for (const { address, value } of rows) {
        const bytes = Buffer.alloc(address.bytes!.length);
        await handle.read(bytes, 0, bytes.length, address.bytes!.offset);
        assert.deepEqual(JSON.parse(bytes.toString('utf8')), value);
      }
      await handle.close();
    }
  });

  it('a broken line is a problem that names the line, and the rows around it are found', async () => {
    const file = path.join(fixtures, 'broken-line-3.jsonl');
    const { rows, problems } = await readAll(file);
    assert.deepEqual(
      rows.map(({ address }) => [address.row, address.line]),
      [0, 1, 3, 4].map((row) => [row, row + 1]),
    );
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [['bad-json', `${file}, line 3: not JSON at column 41: the text ends too early, a closing } is missing.`]],
    );
  });
});
