import assert from 'node:assert/strict';
import { gaussianMatrix } from '../../src/linalg/gaussianMatrix';

describe('gaussianMatrix', () => {
  it('has the moments and the tail of a normal distribution of variance 1 / columns', () => {
    const [rows, columns] = [2000, 500];
    const entries = gaussianMatrix(rows, columns, 7, 'test').map((x) => x * Math.sqrt(columns));
    const count = entries.length;
    const mean = (f: (x: number) => number): number => entries.reduce((sum, x) => sum + f(x), 0) / count;
    // Each allowance is about four standard errors of a million samples.
    assert.ok(Math.abs(mean((x) => x)) < 0.004);
    assert.ok(Math.abs(mean((x) => x * x) - 1) < 0.006);
    assert.ok(Math.abs(mean((x) => x ** 3)) < 0.016);
    assert.ok(Math.abs(mean((x) => x ** 4) - 3) < 0.04);
    const beyond = (limit: number): number => mean((x) => (Math.abs(x) > limit ? 1 : 0));
    assert.ok(Math.abs(beyond(0.5) - 0.617075) < 0.002);
    assert.ok(Math.abs(beyond(1) - 0.31731) < 0.0019);
    assert.ok(Math.abs(beyond(2) - 0.0455) < 0.00084);
    assert.ok(Math.abs(beyond(3.5) - 0.000465) < 0.00009);
    assert.ok(Math.abs(beyond(4) - 0.0000633) < 0.00004);
  });

  it('keeps lengths: projections are as long as what is projected, in the mean', () => {
    const [rows, columns] = [50, 4000];
    const matrix = gaussianMatrix(rows, columns, 1, 'lengths');
    let squared = 0;
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += matrix[i * columns + j]! * Math.sin(i);
      squared += sum * sum;
    }
    const expected = Array.from({ length: rows }, (_, i) => Math.sin(i) ** 2).reduce((a, b) => a + b);
    assert.ok(Math.abs(squared / expected - 1) < 0.09);
  });

  it('equal arguments give equal bits; another seed or label gives another matrix', () => {
    const found = gaussianMatrix(8, 9, 3, 'a');
    assert.deepEqual(gaussianMatrix(8, 9, 3, 'a'), found);
    assert.notDeepEqual(gaussianMatrix(8, 9, 4, 'a'), found);
    assert.notDeepEqual(gaussianMatrix(8, 9, 3, 'b'), found);
  });
});
