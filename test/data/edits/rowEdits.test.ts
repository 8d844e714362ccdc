import assert from 'node:assert/strict';
import fc from 'fast-check';
import { foldRow, unfoldRow } from '../../../src/data/edits/rowPages';
import { setRowWeight } from '../../../src/data/edits/setRowWeight';
import { applyTextEdits } from '../../../src/data/edits/textEdit';
import { dataLimits } from '../../../src/data/limits';
import { UserError } from '../../../src/protocol/errors';

const weighed = (line: string, weight: number, field = 'weight'): string => {
  const edit = setRowWeight(line, field, weight, dataLimits);
  return edit === undefined ? line : applyTextEdits(line, [edit]);
};

describe('data/edits: weights', () => {
  it('only the number changes, or one member is added in the way the row is spaced', () => {
    assert.equal(weighed('{"a":1,"weight":1.0,"b":2}', 0.5), '{"a":1,"weight":0.5,"b":2}');
    assert.equal(weighed('{"text": "x", "n": 1}', 0), '{"text": "x", "n": 1, "weight": 0}');
    assert.equal(weighed('{"text":"x: ,"}', 0.1), '{"text":"x: ,","weight":0.1}');
    assert.equal(weighed('{}', 2), '{"weight":2}');
    assert.equal(weighed('{"loss_weight":"1"}', 0.5, 'loss_weight'), '{"loss_weight":"0.5"}');
    assert.equal(weighed('{"weight":1,"weight":2}', 0), '{"weight":1,"weight":0}');
    assert.equal(weighed('{"weight":0.5}', 0.5), '{"weight":0.5}');
  });

  it('whatever the row: it says the weight, and all else as before', () => {
    const row = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => value as Record<string, unknown>);
    fc.assert(
      fc.property(
        row,
        fc.constantFrom(undefined, 1, 2),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (value, indent, weight) => {
          const line = JSON.stringify(value, undefined, indent).replace(/\n/g, ' ');
          const after = JSON.parse(weighed(line, weight));
          assert.deepEqual(after, { ...JSON.parse(line), weight: JSON.parse(`${weight}`) });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a line that is no object is refused', () => {
    for (const line of ['', '[1]', '{"a":1', `${'['.repeat(200)}`])
      assert.throws(
        () => setRowWeight(line, 'weight', 0, dataLimits),
        (error) => error instanceof UserError && error.code === 'row-not-object',
      );
  });
});

describe('data/edits: rows as pages', () => {
  it('unfolded and folded again: the same line, whatever its spacing', () => {
    const anyRow = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(anyRow, fc.constantFrom(undefined, 1), (value, indent) => {
        const line = JSON.stringify(value, undefined, indent).replace(/\n/g, ' ');
        const page = unfoldRow(line, dataLimits);
        assert.deepEqual(JSON.parse(page), JSON.parse(line));
        assert.equal(foldRow(page, line, dataLimits), line);
      }),
      { numRuns: 500 },
    );
  });

  it('numbers and escapes stay as they are spelled', () => {
    const line = '{"n": 1.50, "big": 12345678901234567890, "s": "\\u00e9\\/"}';
    assert.equal(
      unfoldRow(line, dataLimits),
      '{\n  "n": 1.50,\n  "big": 12345678901234567890,\n  "s": "\\u00e9\\/"\n}\n',
    );
    assert.equal(
      foldRow(unfoldRow(line, dataLimits).replace('1.50', '2'), line, dataLimits),
      line.replace('1.50', '2'),
    );
  });

  it('what is not one object is refused, with its place', () => {
    const refused = (text: string, code: string, message: RegExp): void =>
      assert.throws(
        () => foldRow(text, '{}', dataLimits),
        (error) => error instanceof UserError && error.code === code && message.test(error.message),
      );
    refused('{\n  "a": 1,\n}', 'bad-json', /line 3, column 1/);
    refused('[1]', 'row-not-object', /one object/);
    refused('', 'bad-json', /too early/);
    refused('['.repeat(300), 'too-deep', /300 deep/);
  });
});
