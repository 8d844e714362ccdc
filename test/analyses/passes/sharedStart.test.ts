import assert from 'node:assert/strict';
import { sharedStart } from '../../../src/analyses/passes/sharedStart';

const from = (...ids: number[]): Int32Array => Int32Array.from(ids);
const start = [1, 2, 3, 4, 5, 6, 7, 8];

describe('sharedStart', () => {
  it('is what all rows begin with, and leaves every row a token of its own', () => {
    assert.equal(sharedStart([from(...start, 9, 1), from(...start, 9, 2)]), 9);
    assert.equal(sharedStart([from(...start, 9), from(...start, 9, 2)]), 8);
    assert.equal(sharedStart([from(...start, 9)]), 8);
  });

  it('is nothing below eight tokens, and of no rows', () => {
    assert.equal(sharedStart([from(...start), from(...start)]), 0);
    assert.equal(sharedStart([from(...start.slice(0, 7), 0, 1), from(...start, 1)]), 0);
    assert.equal(sharedStart([]), 0);
  });
});
