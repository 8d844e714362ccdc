import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AskSnapshot } from '../../src/protocol/panels';
import { askAction, askedText, charactersOf, chosenModels, firstView, keptView } from '../../src/webview/ask/askState';

const snapshot: AskSnapshot = {
  models: [
    { name: 'base', base: null },
    { name: 'tuned', base: 'base' },
  ],
  defaultModels: ['tuned', 'base'],
  maxTokens: 64,
  trust: 'trusted',
  turns: [],
  problem: null,
};

describe('a part of an answer', () => {
  it('has the characters of its tokens', () => {
    const pieces = fc.array(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(), (tokens, a, b) => {
        const [first, last] = [a % tokens.length, b % tokens.length].sort((x, y) => x - y) as [number, number];
        const { from, to } = charactersOf(tokens, first, last);
        assert.equal(tokens.join('').slice(from, to), tokens.slice(first, last + 1).join(''));
      }),
    );
  });
});

describe('what is asked', () => {
  it('nothing, where nothing was typed', () => {
    assert.equal(askAction(snapshot, { ...firstView, draft: ' \n' }), null);
    assert.equal(askAction({ ...snapshot, models: [], defaultModels: [] }, { ...firstView, draft: 'q' }), null);
  });

  it('the models that were chosen, where they are still there', () => {
    assert.deepEqual(chosenModels(snapshot, firstView), ['tuned', 'base']);
    assert.deepEqual(chosenModels(snapshot, { ...firstView, models: ['base', 'gone'] }), ['base']);
    assert.deepEqual(chosenModels(snapshot, { ...firstView, models: ['gone'] }), ['tuned', 'base']);
  });

  it('a conversation that goes on is a chat', () => {
    const action = askAction(snapshot, { ...firstView, draft: 'q', template: 'raw', after: { turn: 't', answer: 0 } });
    assert.ok(action?.kind === 'ask');
    assert.equal(action.template, 'chat');
  });

  it('is shown as the last thing that the user said', () => {
    const messages = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: 'three' },
    ];
    assert.equal(askedText({ prompt: { kind: 'messages', messages } }), 'three');
    assert.equal(askedText({ prompt: { kind: 'text', text: 'q' } }), 'q');
  });
});

describe('what a panel kept', () => {
  it('gives back a view, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (kept) => {
        const view = keptView(kept);
        assert.ok(view.temperature >= 0 && view.topP >= 0 && view.topP <= 1 && Number.isInteger(view.seed));
      }),
    );
    const view = { ...firstView, draft: 'half a sentence', sampling: 'sampled' as const, maxTokens: 12 };
    assert.deepEqual(keptView(JSON.parse(JSON.stringify(view))), view);
  });
});
