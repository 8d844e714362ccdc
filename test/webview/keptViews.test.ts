import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as trace from '../../src/webview/trace/traceState';
import * as verify from '../../src/webview/verify/verifyState';

describe('views that panels kept', () => {
  it('of the Trace panel: every choice comes back, and anything else begins anew', () => {
    const view: trace.TraceView = {
      query: 2,
      method: 'ekfac',
      filter: { text: 'login', rows: 'aboveNull', group: 3 },
      table: { sort: { key: 'bm25', direction: 'descending' }, selected: '0:17' },
      exportAs: 'csv',
    };
    assert.deepEqual(trace.keptView(JSON.parse(JSON.stringify(view))), view);
    assert.deepEqual(trace.keptView(null), trace.firstView);
    assert.deepEqual(trace.keptView({ exportAs: 'exe', table: { sort: 3 }, filter: null }), trace.firstView);
    fc.assert(
      fc.property(fc.anything(), (kept) => {
        assert.deepEqual(Object.keys(trace.keptView(kept)).sort(), Object.keys(trace.firstView).sort());
      }),
    );
  });

  it('of the Verify panel: every choice comes back, and anything else begins anew', () => {
    const view: verify.VerifyView = { removal: 'group', count: 16, randomRemovals: 0, tests: 'workspace' };
    assert.deepEqual(verify.keptView(JSON.parse(JSON.stringify(view))), view);
    assert.deepEqual(verify.keptView(null), verify.firstView);
    assert.deepEqual(verify.keptView({ count: 0.5, randomRemovals: -1 }), verify.firstView);
  });
});
