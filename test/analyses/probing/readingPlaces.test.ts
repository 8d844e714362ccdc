import assert from 'node:assert/strict';
import { type ReadingPlace, readingPlace } from '../../../src/analyses/probing/readingPlaces';

/** A row of so many tokens, of which these are trained. */
function row(length: number, trained: readonly number[]) {
  const labels = new Int32Array(length).fill(-100);
  for (const t of trained) labels[t] = 5;
  return { ids: new Int32Array(length), labels };
}

function place(name: string): ReadingPlace {
  const found = readingPlace(name);
  assert.ok(found !== undefined, name);
  return found;
}

describe('where rows are read', () => {
  const turn = row(8, [5, 6]);

  it('is before the answer, over the prompt, over the answer or at a token', () => {
    assert.deepEqual(place('last').read.tokens(turn), [4]);
    assert.deepEqual(place('mean').read.tokens(turn), [0, 1, 2, 3, 4]);
    assert.deepEqual(place('answer').read.tokens(turn), [5, 6]);
    assert.deepEqual(place('2').read.tokens(turn), [2]);
    assert.deepEqual(place('-1').read.tokens(turn), [4]);
    assert.deepEqual(place('-3').read.tokens(turn), [2]);
  });

  it('has seen all tokens up to there', () => {
    assert.deepEqual(place('last').seen.tokens(turn), [0, 1, 2, 3, 4]);
    assert.deepEqual(place('answer').seen.tokens(turn), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(place('1').seen.tokens(turn), [0, 1]);
    assert.deepEqual([place('-2').sees, place('answer').sees, place('2').sees], ['prompt', 'answer', 'answer']);
  });

  it('of several answers is before the last one', () => {
    assert.deepEqual(place('last').read.tokens(row(9, [2, 3, 6, 7])), [5]);
    assert.deepEqual(place('answer').read.tokens(row(9, [2, 3, 6, 7])), [2, 3, 6, 7]);
  });

  it('of a text without a prompt is its end', () => {
    const text = row(4, [1, 2, 3]);
    assert.deepEqual(place('last').read.tokens(text), [3]);
    assert.deepEqual(place('mean').read.tokens(text), [0, 1, 2, 3]);
  });

  it('is nowhere where the row is too short, or the name is none', () => {
    assert.equal(place('8').needs(turn), false);
    assert.equal(place('-6').needs(turn), false);
    for (const name of ['end', '1.5', '-0', '--1', '']) assert.equal(readingPlace(name), undefined);
  });
});
