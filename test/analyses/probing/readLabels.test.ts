import assert from 'node:assert/strict';
import { type LabelledRow, readLabels } from '../../../src/analyses/probing/readLabels';
import { UserError } from '../../../src/protocol/errors';
import type { JsonObject } from '../../../src/protocol/json';

function row(i: number, value: JsonObject, completion: string): LabelledRow {
  return {
    address: { file: 'reviews.jsonl', row: i, line: i + 1, bytes: undefined },
    value,
    example: { kind: 'completion', prompt: 'p', completion, weight: 1 },
  };
}

type Settings = Parameters<typeof readLabels>[1];

const settings: Settings = { label: 'meta.sentiment', only: [], fewestRows: 1 };

function refusal(rows: readonly LabelledRow[], more: Partial<Settings>): UserError {
  try {
    readLabels(rows, { ...settings, ...more });
  } catch (error) {
    assert.ok(error instanceof UserError);
    return error;
  }
  throw new Error('nothing was refused');
}

describe('labels of rows', () => {
  const rows = ['good', 'bad', 'good', 'mixed'].map((sentiment, i) =>
    row(i, { meta: { sentiment } }, `It is ${sentiment}.  Really\n ${sentiment}!`),
  );

  it('come from a field within objects, most frequent first', () => {
    const { classes, kept, labels, leftOut } = readLabels(rows, settings);
    assert.deepEqual(classes, ['good', 'bad', 'mixed']);
    assert.deepEqual([kept, [...labels], leftOut], [[0, 1, 2, 3], [0, 1, 0, 2], { rare: 0, notAskedFor: 0 }]);
  });

  it('come from the answer or one word of it', () => {
    assert.deepEqual(readLabels(rows, { ...settings, label: 'answer:last' }).classes, ['good', 'bad', 'mixed']);
    assert.deepEqual(readLabels(rows, { ...settings, label: 'answer' }).classes[0], 'It is good. Really good!');
    assert.match(
      refusal(rows, { label: 'answer:first' }).message,
      /reviews\.jsonl has the same answer:first, "it" \(4 rows\)/,
    );
  });

  it('may be numbers and truth values, and inherited fields are none', () => {
    const numbered = [0, 1, true].map((value, i) => row(i, { value }, ''));
    assert.deepEqual(readLabels(numbered, { ...settings, label: 'value' }).classes, ['0', '1', 'true']);
    assert.equal(refusal(numbered, { label: 'constructor.name' }).code, 'label-missing');
  });

  it('leave out what is rare or not asked for', () => {
    const few = readLabels([...rows, row(4, { meta: { sentiment: 'bad' } }, '')], { ...settings, fewestRows: 2 });
    assert.deepEqual([few.classes, few.leftOut], [['bad', 'good'], { rare: 1, notAskedFor: 0 }]);
    const only = readLabels(rows, { ...settings, only: ['good', 'mixed'] });
    assert.deepEqual([only.kept, only.leftOut], [[0, 2, 3], { rare: 0, notAskedFor: 1 }]);
  });

  it('are refused where one is missing, naming file and line', () => {
    const error = refusal([...rows, row(7, { meta: {} }, ''), row(8, {}, '')], {});
    assert.equal(error.code, 'label-missing');
    assert.match(
      error.message,
      /^reviews\.jsonl, line 8: the row has no label meta\.sentiment, nor have 1 other rows\.$/,
    );
  });

  it('are refused where there is one class, none often enough, or a name that no row has', () => {
    assert.equal(refusal([rows[0]!, rows[2]!], {}).code, 'one-class');
    assert.match(refusal(rows, { fewestRows: 3 }).message, /No meta\.sentiment of reviews\.jsonl has 3 rows or more/);
    assert.equal(refusal(rows, { only: ['great'] }).code, 'label-unknown');
    const many = Array.from({ length: 70 }, (_, i) => row(i, { meta: { sentiment: `s${i}` } }, ''));
    assert.equal(refusal(many, {}).code, 'too-many-classes');
  });
});
