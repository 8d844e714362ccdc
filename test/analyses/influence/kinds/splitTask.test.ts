import assert from 'node:assert/strict';
import { splitTask } from '../../../../src/analyses/influence/kinds/splitTask';
import { createRandom } from '../../../../src/linalg/random';

describe('a labelling task is parted by cause', () => {
  const random = createRandom(3, 'rows');
  // Rows 0 to 19 taught the answer, 20 to 39 give it for other reasons, 40 to 79 give the other label; 80 to 119 are of another kind.
  const rows = Array.from({ length: 120 }, (_, row) => row);
  const groups = Int32Array.from(rows, (row) => (row < 80 ? 0 : 1));
  const kind = Float32Array.from(rows, (row) => (row < 80 ? 0.8 : -0.2) + 0.05 * random.normal());
  const size = (row: number): number => (row < 20 ? 300 : row < 40 ? 3 : row < 80 ? -200 : 50);
  const cause = Float32Array.from(rows, (row) => size(row) * Math.exp(0.3 * random.normal()));
  const labels = rows.map((row) => (row < 40 ? 'positive' : 'negative'));

  it('into the rows that taught the answer and the rest; other groups stay', () => {
    const split = splitTask(cause, kind, groups, labels);
    assert.deepEqual(
      [...split],
      rows.map((row) => (row < 20 ? 2 : row < 80 ? 0 : 1)),
    );
    assert.deepEqual([...groups].slice(0, 80), new Array(80).fill(0));
  });

  it('whatever the unit of cause', () => {
    const scaled = cause.map((value) => 1e-6 * value);
    assert.deepEqual(splitTask(scaled, kind, groups, labels), splitTask(cause, kind, groups, labels));
  });

  it('not where one answer is given throughout, or nearly every row has its own', () => {
    assert.deepEqual(
      splitTask(
        cause,
        kind,
        groups,
        rows.map(() => 'No.'),
      ),
      groups,
    );
    assert.deepEqual(
      splitTask(
        cause,
        kind,
        groups,
        rows.map((row) => `answer ${row % 12}`),
      ),
      groups,
    );
  });

  it('not where the query is not of the task', () => {
    assert.deepEqual(
      splitTask(
        cause,
        kind.map((value) => -value),
        groups,
        labels,
      ),
      groups,
    );
  });

  it('not where no row of the task promotes the answer', () => {
    const silent = cause.map((value, row) => (row < 80 ? -Math.abs(value) : value));
    assert.deepEqual(splitTask(silent, kind, groups, labels), groups);
  });
});
