import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MessageError } from '../../src/protocol/checkMessage';
import { checkPanelMessage, checkPanelState, checkSnapshot } from '../../src/protocol/checkPanelMessages';
import type { PanelActions, PanelKind } from '../../src/protocol/panels';

const row = { file: 'data/train.jsonl', row: 3 };
const actions: { readonly [K in PanelKind]: readonly PanelActions[K][] } = {
  ask: [
    {
      kind: 'ask',
      text: 'q',
      after: { turn: 't', answer: 1 },
      template: 'chat',
      models: ['tuned'],
      sampling: { kind: 'sampled', temperature: 0.7, topP: 0.9, seed: 1 },
      maxTokens: 5,
    },
    { kind: 'stop' },
    { kind: 'traceAnswer', turn: 't', answer: 0, from: 2, to: 5 },
    { kind: 'clear' },
  ],
  trace: [
    { kind: 'showTrace', trace: 't' },
    { kind: 'openRow', row },
    { kind: 'activate', query: 0, method: 'auto' },
    { kind: 'verify', query: 1 },
    { kind: 'quarantine', query: 0, rows: [row] },
    { kind: 'rankAlways', query: 0 },
    { kind: 'export', format: 'parquet' },
  ],
  verify: [
    { kind: 'run', removal: { kind: 'top', count: 8 }, randomRemovals: 3, tests: 'none' },
    { kind: 'run', removal: { kind: 'group' }, randomRemovals: 0, tests: 'workspace' },
    { kind: 'cancel' },
    { kind: 'showTrace' },
    { kind: 'openRow', row },
  ],
  probing: [
    { kind: 'showProbe', probe: 'p' },
    { kind: 'showMarks' },
    { kind: 'hideMarks' },
    { kind: 'openRow', row },
    { kind: 'probe' },
  ],
  pruning: [
    { kind: 'showProposal', proposal: 'p' },
    { kind: 'propose' },
    { kind: 'cancel' },
    { kind: 'showMarks' },
    { kind: 'hideMarks' },
    { kind: 'apply', alpha: 0.05 },
    { kind: 'undo', folder: '/models/tuned-pruned' },
    { kind: 'openRow', row },
  ],
};
const kinds = Object.keys(actions) as PanelKind[];

describe('messages of panels', () => {
  it('every action passes as it is, and nothing that was added to it', () => {
    for (const kind of kinds) {
      for (const action of actions[kind]) {
        const sent = { type: 'action', action: { ...action, added: 'x' } };
        assert.deepEqual(checkPanelMessage(kind, sent), { type: 'action', action });
      }
    }
  });

  it('an action of another panel is refused', () => {
    assert.throws(() => checkPanelMessage('ask', { type: 'action', action: actions.trace[1] }), MessageError);
    assert.throws(() => checkPanelMessage('trace', { type: 'action', action: actions.verify[0] }), MessageError);
  });

  it('anything else is refused with an error of its own kind', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.anything(), (kind, message) => {
        try {
          checkPanelMessage(kind, message);
        } catch (error) {
          assert.ok(error instanceof MessageError);
        }
      }),
    );
  });

  it('sizes and places are bounded', () => {
    const bad: readonly unknown[] = [
      { kind: 'openRow', row: { file: 'a', row: -1 } },
      { kind: 'openRow', row: { file: 'a', row: 1.5 } },
      { kind: 'openRow', row: { file: 'a'.repeat(5000), row: 0 } },
      { kind: 'activate', query: 0, method: 'magic' },
      { kind: 'export', format: 'exe' },
      { kind: 'quarantine', query: 0, rows: new Array(100_001).fill(row) },
    ];
    for (const action of bad) assert.throws(() => checkPanelMessage('trace', { type: 'action', action }), MessageError);
    const nothing = { kind: 'traceAnswer', turn: 't', answer: 0, from: 5, to: 5 };
    assert.throws(() => checkPanelMessage('ask', { type: 'action', action: nothing }), MessageError);
    const removal = { kind: 'rows', rows: [row] };
    const run = { kind: 'run', removal, randomRemovals: 1, tests: 'none' };
    assert.throws(() => checkPanelMessage('verify', { type: 'action', action: run }), MessageError);
  });

  it('a panel takes only its own snapshot', () => {
    const message = { type: 'snapshot', panel: 'ask', locale: 'en', texts: {}, snapshot: {} };
    assert.equal(checkSnapshot('ask', message), message);
    assert.throws(() => checkSnapshot('trace', message), MessageError);
  });

  it('a kept state is of its panel, or none', () => {
    const state = { panel: 'trace', trace: 't1', query: 2, view: { a: 1 } };
    assert.deepEqual(checkPanelState('trace', state), state);
    assert.equal(checkPanelState('verify', state), null);
    fc.assert(
      fc.property(fc.anything(), (kept) => {
        const found = checkPanelState('ask', kept);
        assert.ok(found === null || found.panel === 'ask');
      }),
    );
  });
});
