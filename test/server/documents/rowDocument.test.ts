import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { RowBatch } from '../../../src/data/containers/batch';
import { dataLimits } from '../../../src/data/limits';
import { readRows } from '../../../src/data/readRows';
import { createRandom } from '../../../src/linalg/random';
import { OpenDocument } from '../../../src/server/documents/openDocument';
import { createPace } from '../../../src/server/documents/pace';
import type { RowDocument, RowFormat } from '../../../src/server/documents/rowDocument';
import { neverCancelled, openRows } from '../../support/openRows';
import { temporaryFolder } from '../../support/temporaryFolder';

const folder = temporaryFolder('whence-rows-');

const rowText = fc.oneof(
  fc.record({ text: fc.string({ unit: 'binary-ascii', maxLength: 8 }) }).map((row) => JSON.stringify(row)),
  fc
    .record({ prompt: fc.string({ unit: 'grapheme', maxLength: 4 }), completion: fc.string() })
    .map((row) => JSON.stringify(row)),
  fc.constantFrom(
    '',
    ' ',
    '\t',
    '{',
    '[1]',
    '{"a":1,}',
    '{"a":1,"a":2}',
    '{"b":1, "a":{"d":1,"c":2}}',
    'null',
    '{"a":"\\ud800"}',
  ),
);
const fileText = fc
  .tuple(
    fc.array(rowText, { maxLength: 12 }),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom('', '\ufeff'),
    fc.constantFrom('', '\n'),
  )
  .map(([rows, end, mark, last]) => mark + rows.join(end) + (last && end));

/** Rows that the reader of files gives out for the same text. */
async function rowsOfFile(text: string, ending: string): Promise<RowBatch> {
  const file = path.join(folder, `rows${ending}`);
  writeFileSync(file, text);
  const rows = [];
  const problems = [];
  for await (const batch of readRows(file, { file: 'rows', limits: dataLimits })) {
    rows.push(...batch.rows);
    problems.push(...batch.problems);
  }
  return { rows, problems };
}

async function assertAgrees(document: RowDocument, text: string, ending: string): Promise<void> {
  const { rows, problems } = await rowsOfFile(text, ending);
  const good = new Map(rows.map((row) => [row.address.row, row]));
  const bad = new Set(
    problems.filter(({ severity, address }) => severity === 'error' && address.line).map(({ address }) => address.row),
  );
  assert.equal(document.rowCount, new Set([...good.keys(), ...bad]).size);
  for (let number = 0; number < document.rowCount; number++) {
    const row = document.rowNumbered(number)!;
    const expected = good.get(number);
    assert.equal(row.row, number);
    assert.equal(row.facts.hash, expected?.hash);
    assert.deepEqual(row.value, expected?.value);
    if (expected === undefined) assert.ok(row.facts.flaws.some(({ severity }) => severity === 'error'));
    else assert.equal(row.start.line + 1, expected.address.line);
    assert.equal(document.lineOfRow(number), row.start.line);
    if (expected !== undefined) assert.ok(document.linesOfHash(expected.hash).includes(row.start.line));
  }
  assert.equal(document.rowNumbered(document.rowCount), undefined);
}

describe('RowDocument', () => {
  it('numbers, places and hashes rows as the reader of files does, whatever the file is like', async () => {
    await fc.assert(
      fc.asyncProperty(fileText, async (text) => assertAgrees(openRows(text, 'jsonl'), text, '.jsonl')),
      { numRuns: 150 },
    );
  });

  it('does so for arrays, CSV, TSV and plain text', async () => {
    const cases: readonly (readonly [RowFormat, string, string])[] = [
      ['json-array', '.json', '[\n  {"text": "a",\n "b": 1},\n  {"text": "é😀"}, {"text":"c",},\n\n {"text":"d"}\n]\n'],
      ['json-array', '.json', '\ufeff[{"text":"é"},{"text":"b"}]'],
      ['csv', '.csv', 'prompt,completion\r\nhello,"a\r\nb ""é"""\r\n\r\nx,y\r\nonly one\r\n'],
      ['tsv', '.tsv', 'text\tlabel\na\t1\nb\t2'],
      ['text', '.txt', 'first\n\n  second\n'],
    ];
    for (const [format, ending, text] of cases) await assertAgrees(openRows(text, format), text, ending);
  });

  it('after random edits holds what a fresh parse of the text holds', () => {
    const position = fc.record({ line: fc.nat(14), character: fc.nat(30) });
    const change = fc.record({ start: position, end: position, text: fc.oneof(rowText, fileText, fc.constant('')) });
    fc.assert(
      fc.property(fileText, fc.array(change, { maxLength: 6 }), fc.boolean(), (text, changes, hashedBefore) => {
        const document = new OpenDocument('file:///rows.jsonl', 'jsonl', 1, text);
        const rows = document.openRows(openRows(text, 'jsonl').options);
        for (const [index, { start, end, text: typed }] of changes.entries()) {
          if (hashedBefore) rows.linesOfHash('none');
          const range =
            document.offsetAt(start) <= document.offsetAt(end) ? { start, end } : { start: end, end: start };
          document.apply([{ range, text: typed }], index + 2);
          const fresh = openRows(document.getText(), 'jsonl');
          assert.equal(rows.rowCount, fresh.rowCount);
          for (let line = 0; line < document.lineCount; line++) {
            assert.equal(rows.rowOfLine(line), fresh.rowOfLine(line));
            assert.equal(rows.hashOfLine(line), fresh.hashOfLine(line));
            assert.deepEqual(rows.row(line)?.value, fresh.row(line)?.value);
            assert.deepEqual(rows.row(line)?.facts.flaws, fresh.row(line)?.facts.flaws);
            const hash = fresh.hashOfLine(line);
            if (hash !== undefined) assert.deepEqual(rows.linesOfHash(hash), fresh.linesOfHash(hash));
          }
          assert.deepEqual(rows.schema, fresh.schema);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('names every row rightly after a thousand random edits of the sample', () => {
    const text = readFileSync('samples/assistant/data/train.jsonl', 'utf8');
    const random = createRandom(7, 'edits');
    const document = new OpenDocument('file:///rows.jsonl', 'jsonl', 1, text);
    const rows = document.openRows(openRows('', 'jsonl').options);
    rows.linesOfHash('none');
    for (let edit = 0; edit < 1000; edit++) {
      const line = random.integer(document.lineCount);
      const place = () => ({ line, character: random.integer(160) });
      const kinds = [
        { start: place(), end: place(), text: 'x' },
        { start: { line, character: 0 }, end: { line: line + 1, character: 0 }, text: '' },
        { start: { line, character: 0 }, end: { line, character: 0 }, text: `{"messages":[],"id":${edit}}\n\n` },
        { start: { line, character: 1000 }, end: { line: line + 1, character: 0 }, text: '' },
      ];
      const { start, end, text: typed } = kinds[random.integer(kinds.length)]!;
      const range =
        start.line < end.line || start.character <= end.character ? { start, end } : { start: end, end: start };
      document.apply([{ range, text: typed }], edit + 2);
      if (edit % 7 === 0) rows.linesOfHash('none');
    }
    const fresh = openRows(document.getText(), 'jsonl');
    assert.equal(rows.rowCount, fresh.rowCount);
    for (let row = 0; row < fresh.rowCount; row++) {
      assert.equal(rows.lineOfRow(row), fresh.lineOfRow(row));
      const hash = fresh.hashOfLine(fresh.lineOfRow(row));
      assert.equal(rows.hashOfLine(rows.lineOfRow(row)), hash);
      if (hash !== undefined) assert.deepEqual(rows.linesOfHash(hash), fresh.linesOfHash(hash));
    }
  });

  it('keeps what it knows of a row while other rows are edited', () => {
    const document = new OpenDocument('file:///rows.jsonl', 'jsonl', 1, '{"text":"a"}\n{"text":"b"}\n{"text":"c"}\n');
    const rows = document.openRows(openRows('', 'jsonl').options);
    const last = rows.row(2)!.facts;
    const at = { line: 0, character: 0 };
    document.apply([{ range: { start: at, end: at }, text: '{"text":"new"}\n\n' }], 2);
    assert.equal(rows.row(4)!.facts, last);
    assert.equal(rows.row(4)!.row, 3);
  });

  it('gives up hashing when the document changes or nobody wants it any more', async () => {
    const text = '{"text":"a"}\n'.repeat(64);
    const document = openRows(text, 'jsonl');
    assert.equal(await document.hashRows(createPace(neverCancelled)), true);
    const cancelled = {
      isCancellationRequested: true,
      onCancellationRequested: neverCancelled.onCancellationRequested,
    };
    assert.equal(await openRows(text, 'jsonl').hashRows(createPace(cancelled)), false);
  });
});
