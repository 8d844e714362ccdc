import assert from 'node:assert/strict';
import { changedView } from '../../src/webview/shared/changedView';
import { firstView } from '../../src/webview/verify/verifyState';

describe('two choices within one frame', () => {
  it('both count, whichever was drawn', () => {
    const drawn = { ...firstView, count: 8, randomRemovals: 3 };
    const first = changedView(drawn, { ...drawn, count: 16 }, drawn);
    // The second field still knows the view without the first choice.
    const second = changedView(drawn, { ...drawn, randomRemovals: 1 }, first);
    assert.deepEqual(second, { ...drawn, count: 16, randomRemovals: 1 });
  });

  it('of two values for one field the later counts', () => {
    const drawn = { ...firstView, count: 8 };
    const first = changedView(drawn, { ...drawn, count: 16 }, drawn);
    assert.equal(changedView(drawn, { ...drawn, count: 24 }, first).count, 24);
  });

  it('a field that is taken back to what was drawn a choice later is taken back', () => {
    const drawn = { ...firstView, count: 8 };
    const first = changedView(drawn, { ...drawn, count: 16 }, drawn);
    // By then the first choice is drawn, as before any press.
    assert.equal(changedView(first, { ...first, count: 8 }, first).count, 8);
  });
});
