import assert from 'node:assert/strict';
import type { ProbedRow } from '../../../src/protocol/probing';
import type { PruningRow } from '../../../src/protocol/pruning';
import type { KnownLine } from '../../../src/server/tags/knownLines';
import { confidence, probeLabelWidth, probeTags } from '../../../src/server/tags/probeTags';
import { pruningTags } from '../../../src/server/tags/pruningTags';

function probed(label: string, predicted: string, probability: number, margin: number): ProbedRow {
  const reading = { predicted, probability, margin };
  return {
    ...{ file: 'train.jsonl', row: 0, line: 1, hash: 'h', text: '', label, rank: 1, group: 0, fold: 0 },
    ...{ controlType: 'x', base: null, disagrees: label !== predicted, tuned: reading, ...reading },
  };
}

const rows = [
  probed('harmful', 'harmful', 0.93, 2),
  probed('benign', 'harmful', 0.05, Math.log(0.05 / 0.94)),
  probed('benign', 'benign', 0.999, 5),
];
const lines: readonly KnownLine<ProbedRow>[] = rows.map((row, line) => ({
  line,
  row,
  state: line === 2 ? 'stale' : 'current',
}));

describe('probeTags', () => {
  it('says the prediction and how sure it is, hollow where it is not the label, ~ where the row was edited', () => {
    const texts = probeTags(lines, probeLabelWidth(['harmful', 'benign']), 'normal').map(({ text }) => text);
    assert.deepEqual(texts, [' ◆ harmful .93', ' ◇ harmful .94', '~◆ benign  1.0']);
  });

  it('quiet shows the rows whose label it doubts', () => {
    const quiet = probeTags(lines, 7, 'quiet');
    assert.deepEqual(
      quiet.map(({ line, tone }) => [line, tone]),
      [[1, 'disagrees']],
    );
  });

  it('the confidence of a prediction follows from the margin, and is a probability whatever it is given', () => {
    assert.ok(Math.abs(confidence(rows[1]!) - 0.94) < 1e-12);
    assert.equal(confidence(probed('a', 'b', 0.4, -50)), 1);
  });
});

describe('pruningTags', () => {
  const row = (share: number | null): PruningRow => ({ file: 'r.jsonl', row: 0, line: 1, hash: 'h', share });
  const known = [row(0.123), row(0.0042), row(null), row(-0.5)].map(
    (each, line): KnownLine<PruningRow> => ({ line, row: each, state: 'current' }),
  );

  it('says the share of the score in one width, and nothing where the score reads no rows', () => {
    const tags = pruningTags(known, 100, 'normal');
    assert.deepEqual(
      tags.map(({ line, text }) => [line, text]),
      [
        [0, ' ✂  12%'],
        [1, ' ✂ 0.4%'],
        [3, ' ✂ -50%'],
      ],
    );
  });

  it('quiet shows rows that count for three times an equal part', () => {
    assert.deepEqual(
      pruningTags(known, 100, 'quiet').map(({ line }) => line),
      [0, 3],
    );
  });
});
