import assert from 'node:assert/strict';
import { withDemonstrations } from '../../../src/analyses/training/demonstrations';
import type { Example, Message } from '../../../src/data/types';
import { UserError } from '../../../src/protocol/errors';

const completion = (n: number): Example => ({ kind: 'completion', prompt: `Q${n}:`, completion: ` A${n}`, weight: 1 });

function message(role: Message['role'], content: string): Message {
  return { role, content, extra: {}, train: undefined, trainSpans: undefined };
}

const chat = (n: number): Example => ({
  kind: 'chat',
  messages: [message('system', `S${n}`), message('user', `Q${n}`), message('assistant', `A${n}`)],
  tools: undefined,
  weight: 1,
});

describe('withDemonstrations', () => {
  it('puts the same other rows before every row; a demonstration never precedes itself', () => {
    const examples = Array.from({ length: 8 }, (_, n) => completion(n));
    const prompts = withDemonstrations(examples, 2, 3).map((example) => {
      assert.ok(example.kind === 'completion');
      return example;
    });
    const leads = prompts.map(({ prompt }, n) => {
      const found = /^Q(\d): A\1\n\nQ(\d): A\2\n\nQ(\d):$/.exec(prompt);
      assert.ok(found, prompt);
      assert.equal(found[3], `${n}`);
      assert.equal(prompts[n]!.completion, ` A${n}`);
      assert.ok(found[1] !== `${n}` && found[2] !== `${n}` && found[1] !== found[2]);
      return `${found[1]} ${found[2]}`;
    });
    // Two rows are demonstrations themselves and get the spare.
    const common = leads.filter((lead) => leads.filter((other) => other === lead).length > 2);
    assert.equal(common.length, 6);
    assert.deepEqual(withDemonstrations(examples, 2, 3), prompts);
    assert.notDeepEqual(withDemonstrations(examples, 2, 4), prompts);
  });

  it('chat rows get the turns after their own system turn, none of them trained', () => {
    const [first] = withDemonstrations([chat(0), chat(1)], 1, 0);
    assert.ok(first?.kind === 'chat');
    assert.deepEqual(
      first.messages.map(({ role, content, train }) => [role, content, train]),
      [
        ['system', 'S0', undefined],
        ['user', 'Q1', false],
        ['assistant', 'A1', false],
        ['user', 'Q0', undefined],
        ['assistant', 'A0', undefined],
      ],
    );
  });

  it('token rows get ids without labels', () => {
    const row = (id: number): Example => ({ kind: 'tokens', ids: [id, id], labels: [-100, id], weight: 1 });
    const [first] = withDemonstrations([row(1), row(2)], 1, 0);
    assert.deepEqual(first, { kind: 'tokens', ids: [2, 2, 1, 1], labels: [-100, -100, -100, 1], weight: 1 });
  });

  it('rows without a prompt, and too few rows, are refused', () => {
    const text: Example = { kind: 'text', text: 'x', weight: 1 };
    assert.deepEqual(withDemonstrations([text], 0, 0), [text]);
    for (const examples of [[text, text], [completion(0)]])
      assert.throws(() => withDemonstrations(examples, 1, 0), UserError);
  });
});
