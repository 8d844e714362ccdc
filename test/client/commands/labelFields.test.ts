import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { labelFields } from '../../../src/client/commands/labelFields';

describe('labelFields', () => {
  it('finds the labels of the sample, and no field of free text', () => {
    const fields = labelFields(readFileSync('samples/assistant/eval/probe-labels.jsonl', 'utf8').split('\n'));
    const label = fields.find(({ name }) => name === 'label');
    assert.deepEqual(label?.values, [
      { value: 'harmful', rows: 252 },
      { value: 'harmless', rows: 252 },
    ]);
    assert.ok(fields.every(({ name }) => ['label', 'verb', 'family'].includes(name)));
  });

  it('a field counts where every row has it, whatever lines are broken; nested ones by dots', () => {
    const row = (i: number) =>
      JSON.stringify({ id: i, meta: { kind: i % 2 === 0 ? 'a' : 'b', part: i > 0 ? 1 : null } });
    const lines = [...Array.from({ length: 20 }, (_, i) => row(i)), '', '{"meta":{"ki', '[1]', 'null'];
    assert.deepEqual(
      labelFields(lines).map(({ name, values }) => [name, values.map(({ value, rows }) => `${value} ${rows}`)]),
      [['meta.kind', ['a 10', 'b 10']]],
    );
  });

  it('any text is read, and what it offers has 2 to 64 values that sum up to its rows', () => {
    const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom('{"a":"x"}', '{"a":"y"}', '{"a":1,"b":true}'));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        for (const { values } of labelFields(lines)) {
          assert.ok(values.length >= 2 && values.length <= 64);
          assert.ok(values.reduce((sum, { rows }) => sum + rows, 0) <= lines.length);
        }
      }),
    );
  });
});
