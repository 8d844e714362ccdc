import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkLargeFileRequest } from '../../../src/protocol/largeFileMessages';
import { rowHeight, rowScale } from '../../../src/webview/largeFile/rowScale';

describe('webview/largeFile', () => {
  it('scroll bar and rows: both ends are reached, places come back, the height is bounded', () => {
    fc.assert(
      fc.property(fc.nat(50_000_000), fc.integer({ min: 50, max: 3000 }), fc.nat(), (rows, view, seed) => {
        const scale = rowScale(rows, view);
        const lastTop = Math.max(0, rows - scale.fitting);
        assert.ok(scale.height <= 8_000_000 && (rows * rowHeight > 8_000_000 || scale.height === rows * rowHeight));
        assert.equal(scale.rowAt(0), 0);
        assert.equal(scale.rowAt(Math.max(0, scale.height - view)), scale.height > view ? lastTop : 0);
        const top = lastTop === 0 ? 0 : seed % lastTop;
        // Scroll bars have whole pixels: below the bound of the height a row is exact, above it is near.
        const back = scale.rowAt(Math.round(scale.placeOf(top)));
        if (scale.height > view) assert.ok(Math.abs(back - top) <= Math.ceil(rows / (scale.height - view)) + 1);
      }),
    );
  });

  it('only what the view may send is taken', () => {
    assert.deepEqual(checkLargeFileRequest({ type: 'rows', first: 1, last: 2, more: 1 }), {
      type: 'rows',
      first: 1,
      last: 2,
    });
    for (const bad of [
      null,
      {},
      { type: 'rows', first: -1, last: 2 },
      { type: 'rows', first: 0.5, last: 2 },
      { type: 'find', text: 'x'.repeat(1001), from: 0 },
      { type: 'act', act: 'whence.trace', line: 0 },
    ])
      assert.throws(() => checkLargeFileRequest(bad), JSON.stringify(bad));
  });
});
