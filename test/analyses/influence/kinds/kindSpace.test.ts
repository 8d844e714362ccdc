import assert from 'node:assert/strict';
import { createKindSpace } from '../../../../src/analyses/influence/kinds/kindSpace';
import { createRandom } from '../../../../src/linalg/random';

const hidden = 3;
const width = 12;

function randomStates(rows: number): Float32Array {
  const random = createRandom(1, 'states');
  return Float32Array.from({ length: rows * width }, () => random.normal() + 5);
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const sum = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((total, v, i) => total + v * y[i]!, 0);
  return sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b));
}

describe('space of kinds', () => {
  it('compares rows by the cosines of their centred states, answers 4 to 1', () => {
    const states = randomStates(6);
    const centred = states.map((value, i) => {
      const column = [...states].filter((_, j) => j % width === i % width);
      return value - column.reduce((sum, v) => sum + v, 0) / column.length;
    });
    const { rows } = createKindSpace(states.slice(), width, hidden);
    const part = (row: number, number: number) =>
      centred.subarray(row * width + number * hidden, row * width + (number + 1) * hidden);
    const cosines = [0, 1, 2, 3].map((number) => cosine(part(0, number), part(1, number)));
    const expected = (4 * cosines[0]! + cosines[1]! + 4 * cosines[2]! + cosines[3]!) / 10;
    assert.ok(Math.abs(cosine(rows.subarray(0, width), rows.subarray(width, 2 * width)) - expected) < 1e-6);
    assert.ok(Math.abs(Math.hypot(...rows.subarray(0, width)) - 1) < 1e-6);
  });

  it('places queries where equal rows lie', () => {
    const states = randomStates(5);
    const space = createKindSpace(states.slice(), width, hidden);
    assert.deepEqual(space.place(states.slice(2 * width, 3 * width)), space.rows.subarray(2 * width, 3 * width));
  });

  it('makes no direction of the rounding of a state that all rows share', () => {
    const states = randomStates(4);
    // Every row's turn of the first layer is the same but for a bit.
    for (let row = 0; row < 4; row++) {
      for (let i = hidden; i < 2 * hidden; i++) states[row * width + i] = 1000 + (row === 0 ? 6e-5 : 0);
    }
    const { rows } = createKindSpace(states, width, hidden);
    for (let row = 0; row < 4; row++) {
      assert.deepEqual([...rows.subarray(row * width + hidden, row * width + 2 * hidden)], [0, 0, 0]);
    }
  });
});
