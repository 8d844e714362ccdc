import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { askedBehaviour, continuedPrompt } from '../../../src/client/panels/askedBehaviour';
import { boundRecord } from '../../../src/client/panels/boundRecord';
import { panelPage } from '../../../src/client/panels/panelPage';
import type { TraceRecord } from '../../../src/protocol/editorFindings';
import type { AskTurn } from '../../../src/protocol/panels';

const record = JSON.parse(
  readFileSync(path.join('test', 'fixtures', 'panels', 'traceRecord.json'), 'utf8'),
) as TraceRecord;

const turn: AskTurn = {
  id: 't',
  when: 0,
  prompt: { kind: 'text', text: 'How?' },
  template: 'chat',
  sampling: { kind: 'greedy' },
  maxTokens: 8,
  models: ['tuned'],
  answers: [{ model: 'tuned', text: 'Sure. Just go.', pieces: null, logprobs: null, finish: 'stop' }],
  state: 'done',
  error: null,
  tokensPerSecond: null,
};

describe('what is traced of an answer', () => {
  it('the whole answer to the prompt', () => {
    const whole = askedBehaviour(turn, 0, 0, 14);
    assert.deepEqual(whole, {
      kind: 'text',
      prompt: { kind: 'text', text: 'How?' },
      completion: 'Sure. Just go.',
      rejected: null,
      measurement: null,
    });
  });

  it('a part, with what the model said before it kept in its own turn', () => {
    const part = askedBehaviour(turn, 0, 6, 14);
    assert.ok(part.kind === 'text');
    assert.equal(part.completion, 'Just go.');
    assert.deepEqual(part.prompt, {
      kind: 'messages',
      messages: [
        { role: 'user', content: 'How?' },
        { role: 'assistant', content: 'Sure. ' },
      ],
    });
  });

  it('raw text simply goes on', () => {
    const part = askedBehaviour({ ...turn, template: 'raw' }, 0, 6, 14);
    assert.ok(part.kind === 'text');
    assert.deepEqual(part.prompt, { kind: 'text', text: 'How?Sure. ' });
  });

  it('a part that is not in the answer is refused', () => {
    assert.throws(() => askedBehaviour(turn, 0, 6, 99), /internal/);
    assert.throws(() => askedBehaviour(turn, 1, 0, 1), /internal/);
  });

  it('a conversation goes on from an answer', () => {
    assert.deepEqual(continuedPrompt(turn, 0, 'And then?'), {
      kind: 'messages',
      messages: [
        { role: 'user', content: 'How?' },
        { role: 'assistant', content: 'Sure. Just go.' },
        { role: 'user', content: 'And then?' },
      ],
    });
  });
});

describe('a trace that is sent to a panel', () => {
  it('is sent as it is while it is small', () => {
    assert.equal(boundRecord(record, 1000).record, record);
  });

  it('keeps the strongest rows of either sign in their order, and says how many were left out', () => {
    const { record: bounded, omittedRows } = boundRecord(record, 10);
    const rows = record.documents[0]!.queries[0]!.rows;
    const kept = bounded.documents[0]!.queries[0]!.rows;
    assert.equal(omittedRows, rows.length - 10);
    assert.equal(kept.length, 10);
    const weakest = Math.min(...kept.map(({ score }) => Math.abs(score)));
    assert.equal(rows.filter(({ score }) => Math.abs(score) > weakest).length < 10, true);
    assert.deepEqual(
      kept.map(({ rank }) => rank),
      kept.map(({ rank }) => rank).toSorted((a, b) => a - b),
    );
  });
});

describe('the page of a panel', () => {
  const places = {
    source: 'https://webview',
    script: 'https://webview/a.js',
    style: 'https://webview/a.css',
    locale: 'en',
  };

  it('allows one script under a nonce of its own, its own style, and nothing else', () => {
    const [one, other] = [panelPage('trace', places), panelPage('trace', places)];
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(one)![1]!;
    assert.match(one, new RegExp(`<script nonce="${nonce}" src=`));
    assert.equal(one.match(/<script/g)?.length, 1);
    assert.equal(other.includes(nonce), false);
    assert.doesNotMatch(one, /unsafe-inline|unsafe-eval/);
    assert.match(one, /default-src 'none'/);
  });
});
