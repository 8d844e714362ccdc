import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { canonicalJson, hashFile, hashRow } from '../../src/data/hash';
import { jsonFault } from '../../src/data/jsonText';
import { dataLimits } from '../../src/data/limits';
import { buildLineIndex, readRowAt } from '../../src/data/lineIndex';
import type { JsonObject, JsonValue } from '../../src/protocol/json';
import { fixtures, readAll, readContent, withFolder } from './support';

const values = ({ rows }: { rows: readonly { value: JsonObject }[] }) => rows.map(({ value }) => value);
const small = { ...dataLimits, maxRowBytes: 64, chunkBytes: 16 };

describe('JSON Lines that are not as they should be', () => {
  it('each defect is a problem of its own line, and the other rows are read', async () => {
    const lines = [
      '{"a": 1}',
      '{"a": 1, "a": 2}',
      '{"a": {"b": 1, "c": [{"d": 1, "d": 2}]}}',
      '{"a": 1',
      '[1]',
      '"text"',
      '{"a": "\\ud800"}',
      '{"\\udc00": 1}',
      '{"a": 1e999}',
      '{"a": NaN}',
      "{'a': 1}",
      '{"a": "\u0001"}',
      '{"a": "x\0y"}',
      '{"a": 1} {"b": 2}',
      '{"a": 01}',
      '{"a": "\\x"}',
      '{"a": "\\u12"}',
      '{"a" 1}',
      '{"a": 1,}',
      `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`,
      '{"last": true}',
    ];
    const { rows, messages } = await readContent('x.jsonl', lines.join('\n'));
    assert.deepEqual(values({ rows }), [{ a: 1 }, { a: 2 }, { a: { b: 1, c: [{ d: 2 }] } }, { last: true }]);
    assert.deepEqual(messages, [
      'x.jsonl, line 2: the key a is there twice; the last value counts.',
      'x.jsonl, line 3: the key a.c[0].d is there twice; the last value counts.',
      'x.jsonl, line 4: not JSON at column 8: the text ends too early, a closing } is missing.',
      'x.jsonl, line 5: the row is a list, not an object.',
      'x.jsonl, line 6: the row is a text, not an object.',
      'x.jsonl, line 7: a text holds half a surrogate pair (\\ud800).',
      'x.jsonl, line 8: a text holds half a surrogate pair (\\udc00).',
      'x.jsonl, line 9: a number is beyond the range of a double.',
      'x.jsonl, line 10: not JSON at column 7: N where a value is expected.',
      "x.jsonl, line 11: not JSON at column 2: ' where a key in double quotes is expected.",
      'x.jsonl, line 12: not JSON at column 8: a bare control character U+0001 inside a string.',
      'x.jsonl, line 13: the row holds a NUL byte (column 9), often the trace of an interrupted write.',
      'x.jsonl, line 14: not JSON at column 10: { after the end of the value.',
      'x.jsonl, line 15: not JSON at column 8: 1 where , or } is expected.',
      'x.jsonl, line 16: not JSON at column 8: the escape \\x, which JSON does not have.',
      'x.jsonl, line 17: not JSON at column 8: a \\u escape without four hexadecimal digits.',
      'x.jsonl, line 18: not JSON at column 6: 1 where : is expected.',
      'x.jsonl, line 19: not JSON at column 9: } where a key in double quotes is expected.',
      'x.jsonl, line 20: the row is nested 200 deep; the limit is 100.',
    ]);
  });

  it('a byte that is not UTF-8 is named by its offset', async () => {
    const bad = [[0xff], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]];
    for (const bytes of bad) {
      const start = Buffer.from('{"a": 1}\n{"b": "é');
      const content = Buffer.concat([start, Buffer.from(bytes), Buffer.from('"}\n{"c": 3}\n')]);
      const { rows, messages } = await readContent('x.jsonl', content);
      assert.deepEqual(values({ rows }), [{ a: 1 }, { c: 3 }]);
      const byte = bytes[0]!.toString(16).toUpperCase();
      assert.deepEqual(messages, [`x.jsonl, line 2: byte 0x${byte} at offset ${start.length} is not UTF-8.`]);
    }
  });

  it('byte-order mark, CRLF, blank lines and a missing last line end are no problem', async () => {
    const { rows, problems } = await readContent('x.jsonl', '\ufeff{"a": 1}\r\n\r\n \t\n{"b": 2}\r\n{"c": 3}');
    assert.deepEqual(problems, []);
    assert.deepEqual(
      rows.map(({ address: { row, line, bytes } }) => [row, line, bytes]),
      [
        [0, 1, { offset: 3, length: 8 }],
        [1, 4, { offset: 18, length: 8 }],
        [2, 5, { offset: 28, length: 8 }],
      ],
    );
  });

  it('a row beyond the limit is measured, not held, and the next one is read', async () => {
    const long = JSON.stringify({ a: 'x'.repeat(200) });
    const text = `{"a": 1}\n${long}\n{"b": 2}\n`;
    for (const name of ['x.jsonl', 'x.json']) {
      const content = name === 'x.jsonl' ? text : `[{"a": 1},\n${long},\n{"b": 2}]`;
      const { rows, messages } = await readContent(name, content, small);
      assert.deepEqual(values({ rows }), [{ a: 1 }, { b: 2 }]);
      assert.deepEqual(messages, [`${name}, line 2: the row has ${long.length} bytes; the limit is 64.`]);
    }
  });
});

describe('other text containers', () => {
  it('a JSON array: a broken element costs itself alone where elements start on their own lines', async () => {
    const text = '[\n  {"a": 1},\n  {"b": "x},\n  {"c": 3},\n  {"d": [}]},\n  {"e": 5}\n]\n';
    const { rows, messages } = await readContent('x.json', text);
    assert.deepEqual(values({ rows }), [{ a: 1 }, { c: 3 }, { e: 5 }]);
    assert.deepEqual(messages, [
      'x.json, line 3: not JSON at column 11: the text ends inside a string, a closing " is missing.',
      'x.json, line 5: not JSON at column 8: } where a value is expected.',
    ]);
  });

  it('a JSON array that is cut off or followed by text', async () => {
    const open = await readContent('x.json', '[{"a": 1}, {"b": ');
    assert.deepEqual(values(open), [{ a: 1 }]);
    assert.deepEqual(open.messages, [
      'x.json, line 1: not JSON at column 6: the text ends too early, a closing } is missing.',
      'x.json: the array has no closing ]; the file may be cut off.',
    ]);
    const more = await readContent('x.json', '[{"a": 1}]\n[{"b": 2}]');
    assert.deepEqual(more.messages, ['x.json: text follows the closing ] on line 2; it is not read.']);
  });

  it('a .json file of lines is read as lines', async () => {
    assert.deepEqual(values(await readContent('x.json', '{"a": 1}\n{"a": 2}\n')), [{ a: 1 }, { a: 2 }]);
  });

  it('CSV: quotes, line ends in cells, and a runaway quote that costs one line', async () => {
    const text = 'a,b\r\n"x, ""y""\r\nz",2\r\n"open,3\r\n"4",5"6\r\n7\r\n\r\n8,9';
    const { rows, messages } = await readContent('x.csv', text);
    assert.deepEqual(values({ rows }), [
      { a: 'x, "y"\r\nz', b: '2' },
      { a: '4', b: '5"6' },
      { a: '8', b: '9' },
    ]);
    assert.deepEqual(
      rows.map(({ address }) => [address.row, address.line]),
      [
        [0, 2],
        [2, 5],
        [4, 8],
      ],
    );
    assert.deepEqual(messages, [
      'x.csv, line 4: a quoted field is opened and not closed as CSV needs it.',
      'x.csv, line 6: the record has 1 cells; the header names 2.',
    ]);
  });

  it('CSV: every line opens a quote, and reading stays linear', async () => {
    const { rows, problems } = await readContent('x.csv', `a,b\n${'"open,1\n'.repeat(20_000)}`);
    assert.equal(rows.length + problems.length, 20_000);
  });

  it('CSV: hostile header names', async () => {
    const { rows, messages } = await readContent('x.csv', '__proto__,a,a\n1,2,3\n');
    assert.equal(JSON.stringify(rows[0]!.value), '{"__proto__":"1","a":"3"}');
    assert.deepEqual(messages, ['x.csv: two columns are called "a"; the last one counts.']);
    assert.deepEqual((await readContent('x.csv', '')).messages, ['x.csv: there is no header line.']);
  });

  it('gzip: whole, cut off, and a bomb', async () => {
    const text = Array.from({ length: 500 }, (_, i) => `{"a": ${i}, "b": "${hashRow(i)}"}\n`).join('');
    const packed = gzipSync(text);
    assert.equal((await readContent('x.jsonl.gz', packed)).rows.length, 500);
    const cut = await readContent('x.jsonl.gz', packed.subarray(0, packed.length / 2));
    assert.ok(cut.rows.length > 100);
    assert.match(
      cut.messages.at(-1)!,
      /^x\.jsonl\.gz is not a whole gzip file: unexpected end of file after \d+ unpacked bytes\.$/,
    );
    const bomb = await readContent('x.txt.gz', gzipSync('0'.repeat(5_000_000)), {
      ...dataLimits,
      ratioCheckedAfter: 2 ** 20,
    });
    assert.match(bomb.messages.at(-1)!, /beyond the limits\.$/);
  });

  it('what is no data file is refused with what to do', async () => {
    await withFolder(async (folder) => {
      const refusal = async (name: string, content?: string | Uint8Array) => {
        const file = path.join(folder, name);
        if (content !== undefined) await writeFile(file, content);
        return readAll(file).then(
          () => 'read',
          (error: { code: string }) => error.code,
        );
      };
      await mkdir(path.join(folder, 'sub.jsonl'));
      assert.deepEqual(
        await Promise.all([
          refusal('none.jsonl'),
          refusal('sub.jsonl'),
          refusal('nul\0.jsonl'),
          refusal('x.bin', 'abc'),
          refusal('x.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])),
          refusal('wide.jsonl', Buffer.from('{"a": 1}', 'utf16le').fill(Buffer.from([0xff, 0xfe]), 0, 2)),
          refusal('x.parquet.gz', gzipSync('PAR1')),
        ]),
        [
          'file-not-found',
          'not-a-file',
          'file-not-found',
          'container-unknown',
          'container-unsupported',
          'utf-16',
          'container-unsupported',
        ],
      );
    });
  });
});

describe('binary containers', () => {
  const files = ['alpaca.parquet', 'openai.parquet', 'alpaca-file.arrow', 'openai-stream.arrow'];

  for (const file of files) {
    it(`${file}: cut off anywhere, it is a problem and never a crash`, async () => {
      const whole = readFileSync(path.join(fixtures, file));
      for (let length = 0; length < whole.length; length += 61) {
        const { problems } = await readContent(file, whole.subarray(0, length));
        assert.ok(problems.length > 0 || file.endsWith('stream.arrow'), `${length} bytes`);
      }
    });

    it(`${file}: any damaged byte gives rows or problems, never a crash`, async () => {
      const whole = readFileSync(path.join(fixtures, file));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
          async (damage) => {
            const bytes = Buffer.from(whole);
            for (const [at, byte] of damage) bytes[at] = byte;
            const { rows, problems } = await readContent(file, bytes, { ...dataLimits, maxIndexedRows: 10_000 });
            assert.ok(rows.length + problems.length < 20_000);
          },
        ),
        { numRuns: 150, seed: 11 },
      );
    });
  }
});

describe('properties', () => {
  const json = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<JsonValue>;
  const object = fc.dictionary(fc.string(), json, { maxKeys: 8 }) as fc.Arbitrary<JsonObject>;

  const reversed = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map((item) => reversed(item as JsonValue));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, reversed(item as JsonValue)]),
    );
  };

  it('the canonical text reads back as the value, and the hash knows no key order', () => {
    fc.assert(
      fc.property(json, (value) => {
        // -0 is written as 0, in JSON and here.
        const plain = JSON.parse(JSON.stringify(value)) as JsonValue;
        assert.deepEqual(JSON.parse(canonicalJson(value)), plain);
        assert.equal(hashRow(reversed(value)), hashRow(value));
      }),
    );
  });

  it('canonical keys are in the order of their UTF-16 units, whatever they look like', () => {
    assert.equal(
      canonicalJson({ b: 1, a: { 10: 1, 9: 2 }, '\u20ac': 1, '\ud83d\ude00': 2, '\ufb33': 3 }),
      '{"a":{"10":1,"9":2},"b":1,"€":1,"😀":2,"\ufb33":3}',
    );
    assert.equal(canonicalJson(JSON.parse('{"b": 1.0, "__proto__": 1e0}') as JsonValue), '{"__proto__":1,"b":1}');
  });

  it('canonical texts are equal exactly where values are', () => {
    const plain = (value: JsonValue) => JSON.parse(JSON.stringify(value)) as JsonValue;
    // Small values, so that equal pairs come up often.
    const tiny = fc.jsonValue({ maxDepth: 1, stringUnit: fc.constantFrom('a', '0') }) as fc.Arbitrary<JsonValue>;
    const pair = fc.oneof(
      fc.tuple(tiny, tiny),
      json.map((value) => [value, reversed(value)] as const),
    );
    fc.assert(
      fc.property(pair, ([a, b]) => {
        assert.equal(canonicalJson(a) === canonicalJson(b), isDeepStrictEqual(plain(a), plain(b)));
      }),
      { numRuns: 500 },
    );
  });

  it('jsonFault finds a fault exactly where JSON.parse refuses', () => {
    const text = fc.oneof(
      json.map((value) => JSON.stringify(value, null, 1)),
      fc.tuple(json, fc.nat(), fc.string({ maxLength: 2 })).map(([value, at, put]) => {
        const whole = JSON.stringify(value);
        return whole.slice(0, at % (whole.length + 1)) + put + whole.slice((at % (whole.length + 1)) + 1);
      }),
      fc.string({ unit: fc.constantFrom(...'{}[]",:0-1.e+\\utn \n') }),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        let parses = true;
        try {
          JSON.parse(candidate);
        } catch {
          parses = false;
        }
        assert.equal(jsonFault(candidate) === undefined, parses, JSON.stringify(candidate));
      }),
      { numRuns: 3000 },
    );
  });

  for (const [name, join] of [
    ['x.jsonl', (texts: string[]) => texts.map((text) => `${text}\n`).join('')],
    ['x.json', (texts: string[]) => `[\n${texts.join(',\n')}\n]`],
  ] as const) {
    it(`${name}: rows round trip, addresses slice exactly their bytes, and the index agrees`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(object, { maxLength: 6 }),
          fc.integer({ min: 1, max: 40 }),
          async (objects, chunkBytes) => {
            const texts = objects.map((value) => JSON.stringify(value));
            const content = Buffer.from(join(texts));
            await withFolder(async (folder) => {
              const file = path.join(folder, name);
              await writeFile(file, content);
              const limits = { ...dataLimits, chunkBytes };
              const { rows, problems } = await readAll(file, limits);
              assert.deepEqual(
                problems.filter(({ severity }) => severity === 'error'),
                [],
              );
              const slices = rows.map(({ address: { bytes } }) =>
                content.subarray(bytes!.offset, bytes!.offset + bytes!.length).toString(),
              );
              assert.deepEqual(slices, texts);
              const index = await buildLineIndex(file, { file, limits });
              assert.equal(index.rowCount, rows.length);
              for (const row of rows) assert.deepEqual((await readRowAt(index, row.address.row, limits)).row, row);
            });
          },
        ),
        { numRuns: 60, seed: 3 },
      );
    });
  }

  it('JSON Lines: random bytes in one line cost that line, never the ones after it', async () => {
    const noise = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 11 : byte))));
    await fc.assert(
      fc.asyncProperty(noise, fc.nat(12), async (bytes, at) => {
        const line = Buffer.from('{"damaged": 1}');
        const damaged = Buffer.concat([line.subarray(0, at), bytes, line.subarray(at)]);
        const content = Buffer.concat([Buffer.from('{"a": 1}\n'), damaged, Buffer.from('\n{"b": 2}\n')]);
        const { rows, problems } = await readContent('x.jsonl', content);
        assert.deepEqual(rows[0]!.value, { a: 1 });
        assert.deepEqual(rows.at(-1)!.value, { b: 2 });
        assert.ok(rows.length + problems.filter(({ severity }) => severity === 'error').length === 3);
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it('any bytes in any text container give rows or problems, never a crash', async () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', ',', '\n', '\r', '\\', ':', '1', 'a', '\0', '\ufeff', 'é', '😀'),
      { maxLength: 60 },
    );
    for (const name of ['x.jsonl', 'x.json', 'x.csv', 'x.tsv', 'x.txt']) {
      await fc.assert(
        fc.asyncProperty(pieces, fc.integer({ min: 1, max: 20 }), async (parts, chunkBytes) => {
          await readContent(name, parts.join(''), { ...dataLimits, chunkBytes, maxRowBytes: 30 });
        }),
        { numRuns: 150, seed: 7 },
      );
    }
  });
});

describe('line index', () => {
  it('refuses rows that are not there, and a file that changed', async () => {
    await withFolder(async (folder) => {
      const file = path.join(folder, 'x.jsonl');
      await writeFile(file, '\n{"a": 1}\n\n{"b": 2}\n\n');
      const index = await buildLineIndex(file, { file, limits: dataLimits });
      assert.equal(index.rowCount, 2);
      assert.equal((await readRowAt(index, 1, dataLimits)).row?.address.line, 4);
      for (const row of [-1, 2, 0.5, Number.NaN]) {
        await assert.rejects(readRowAt(index, row, dataLimits), { code: 'row-out-of-range' });
      }
      await writeFile(file, '{"a": 1}\n');
      await assert.rejects(readRowAt(index, 0, dataLimits), { code: 'file-changed' });
    });
    const csv = path.join(fixtures, 'alpaca.csv');
    await assert.rejects(buildLineIndex(csv, { file: csv, limits: dataLimits }), { code: 'not-indexable' });
    const rows = path.join(fixtures, 'alpaca.jsonl');
    await assert.rejects(buildLineIndex(rows, { file: rows, limits: { ...dataLimits, maxIndexedRows: 2 } }), {
      code: 'too-many-rows',
    });
  });
});

describe('file hash', () => {
  it('is the SHA-256 of the bytes', async () => {
    await withFolder(async (folder) => {
      const file = path.join(folder, 'x');
      await writeFile(file, 'abc');
      assert.equal(await hashFile(file), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      await assert.rejects(hashFile(path.join(folder, 'y')), { code: 'file-unreadable' });
    });
  });
});
