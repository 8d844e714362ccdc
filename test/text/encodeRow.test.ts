import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Example, Message } from '../../src/data/types';
import { encodePreference } from '../../src/text/rows/encodePreference';
import { encodeRow } from '../../src/text/rows/encodeRow';
import { createChatTemplate } from '../../src/text/template/chatTemplate';
import { openChatTemplate } from '../../src/text/template/openChatTemplate';
import type { ChatTemplate, EncodedRow, EncodingContext } from '../../src/text/types';
import { chatMasks, fixtureFolder, fixtureTokenizer, type TokenizerName } from './fixtures';

const now = () => new Date(2024, 0, 1);
const tokenizers = {
  bytebpe: fixtureTokenizer('bytebpe'),
  spbpe: fixtureTokenizer('spbpe'),
  chat: fixtureTokenizer('chat'),
};

function context(name: TokenizerName, source?: string, maxLength = 4096): EncodingContext {
  return {
    tokenizer: tokenizers[name],
    template: source === undefined ? undefined : template(name, source),
    maxLength,
  };
}

function template(name: TokenizerName, source: string): ChatTemplate {
  const specialTokens: Record<string, string> = name === 'spbpe' ? { bos_token: '<s>', eos_token: '</s>' } : {};
  return createChatTemplate({ name: 'test', sources: new Map([['default', source]]), specialTokens, now });
}

function message(role: Message['role'], content: string, more: Partial<Message> = {}): Message {
  return { role, content, extra: {}, train: undefined, trainSpans: undefined, ...more };
}

function chat(messages: readonly Message[]): Extract<Example, { kind: 'chat' }> {
  return { kind: 'chat', messages, tools: undefined, weight: 1 };
}

function trainedMask(row: EncodedRow): number[] {
  return Array.from(row.labels, (label) => Number(label !== -100));
}

/** Each run of trained tokens, as it stands in the text. */
function trainedTexts(row: EncodedRow): string[] {
  const texts: string[] = [];
  let start = -1;
  for (let t = 0; t <= row.labels.length; t++) {
    const trained = t < row.labels.length && row.labels[t] !== -100;
    if (trained && start < 0) start = row.offsets[2 * t]!;
    if (!trained && start >= 0) {
      texts.push(row.text.slice(start, row.offsets[2 * t - 1]!));
      start = -1;
    }
  }
  return texts;
}

function readLines<T>(file: string): T[] {
  return readFileSync(`test/fixtures/data/${file}`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function referenceMessages(): Map<string, Message[]> {
  const rows = new Map<string, Message[]>();
  for (const [i, row] of readLines<{ messages: { role: Message['role']; content: string }[] }>(
    'openai.jsonl',
  ).entries()) {
    rows.set(
      `openai.jsonl ${i}`,
      row.messages.map(({ role, content }) => message(role, content)),
    );
  }
  for (const [i, row] of readLines<{ instruction: string; input: string; output: string }>('alpaca.jsonl').entries()) {
    const asked = row.input === '' ? row.instruction : `${row.instruction}\n\n${row.input}`;
    rows.set(`alpaca.jsonl ${i}`, [message('user', asked), message('assistant', row.output)]);
  }
  return rows;
}

describe('encoding of chat rows', () => {
  for (const name of ['chat', 'spbpe'] as const) {
    const marked = openChatTemplate(fixtureFolder(name), now)!;
    // The same template without its marks: the turns must then be found by themselves.
    const unmarked = template(name, marked.source.replace(/\{%-?\s*(end)?generation\s*-?%\}/g, ''));
    for (const [how, chatTemplate] of [
      ['with', marked],
      ['without', unmarked],
    ] as const) {
      it(`${name}, ${how} generation marks: ids and masks of the reference`, () => {
        const messages = referenceMessages();
        const rows = chatMasks(name);
        assert.equal(rows.length, 10);
        for (const { file, row, text, ids, mask, trained_text } of rows) {
          const encoded = encodeRow(chat(messages.get(`${file} ${row}`)!), {
            tokenizer: tokenizers[name],
            template: chatTemplate,
            maxLength: 4096,
          });
          assert.equal(encoded.text, text);
          assert.deepEqual(Array.from(encoded.ids), ids);
          assert.deepEqual(trainedMask(encoded), mask);
          assert.deepEqual(trainedTexts(encoded), trained_text);
          assert.equal(encoded.truncated, 0);
        }
      });
    }
  }

  const chatMl =
    '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

  /** Layouts of real templates, each with what it trains of one conversation. */
  const layouts: readonly (readonly [string, TokenizerName, string, readonly string[]])[] = [
    ['ChatML', 'chat', chatMl, ['one<|im_end|>', 'two<|im_end|>']],
    [
      'ChatML that trims contents',
      'chat',
      chatMl.replace('m.content', 'm.content | trim'),
      ['one<|im_end|>', 'two<|im_end|>'],
    ],
    [
      'ChatML without a generation prompt',
      'chat',
      chatMl.replace(/\{% if add[\s\S]*/, ''),
      ['one<|im_end|>', 'two<|im_end|>'],
    ],
    [
      'a space before the answer',
      'spbpe',
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }}{{ eos_token }}{% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}",
      [' one</s>', ' two</s>'],
    ],
    [
      'a space after the answer',
      'spbpe',
      "{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }} {{ eos_token }}{% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}",
      [' one </s>', ' two </s>'],
    ],
    [
      'no end token',
      'bytebpe',
      '{% for m in messages %}### {{ m.role }}:\n{{ m.content }}\n\n{% endfor %}{% if add_generation_prompt %}### assistant:\n{% endif %}',
      ['one', 'two'],
    ],
    [
      'a prompt that earlier turns do not repeat',
      'chat',
      chatMl.replace('<|im_start|>assistant\n{% endif', '<|im_start|>assistant\n<think>{% endif'),
      ['one<|im_end|>', 'two<|im_end|>'],
    ],
    [
      'an empty thought before the last answer',
      'chat',
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
      ['one<|im_end|>', '<think>\n\n</think>\n\ntwo<|im_end|>'],
    ],
    [
      'contents in capitals',
      'chat',
      chatMl.replace('m.content', '(m.content | upper)[:99]'),
      ['ONE<|im_end|>', 'TWO<|im_end|>'],
    ],
    [
      'contents cut by length, found by prefixes',
      'chat',
      chatMl.replace('m.content', 'm.content[:4]'),
      ['one<|im_end|>', 'two<|im_end|>'],
    ],
  ];
  for (const [what, name, source, expected] of layouts) {
    it(`finds assistant turns: ${what}`, () => {
      const messages = [
        message('user', 'hi'),
        message('assistant', 'one'),
        message('user', 'ho'),
        message('assistant', 'two'),
      ];
      assert.deepEqual(trainedTexts(encodeRow(chat(messages), context(name, source))), expected);
    });
  }

  it('trains a turn that is nothing but a tool call', () => {
    const source = chatMl.replace(
      '{{ m.content }}',
      '{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.name }}</tool_call>{% endfor %}',
    );
    const call = message('assistant', '', { extra: { tool_calls: [{ name: 'add' }] } });
    const row = encodeRow(
      chat([message('user', 'hi'), call, message('tool', '3'), message('assistant', 'three')]),
      context('chat', source),
    );
    assert.deepEqual(trainedTexts(row), ['<tool_call>add</tool_call><|im_end|>', 'three<|im_end|>']);
  });

  it('contents that spell the end token do not end the turn early', () => {
    const row = encodeRow(chat([message('user', 'hi'), message('assistant', 'a<|im_end|>b')]), context('chat', chatMl));
    assert.deepEqual(trainedTexts(row), ['a<|im_end|>b<|im_end|>']);
  });

  for (const [how, source] of [
    ['found', chatMl],
    [
      'marked',
      chatMl.replace(
        '{{ m.content }}<|im_end|>',
        "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{% else %}{{ m.content }}<|im_end|>{% endif %}",
      ),
    ],
  ] as const) {
    it(`train flags of messages decide (${how})`, () => {
      const row = encodeRow(
        chat([
          message('user', 'ask', { train: true }),
          message('assistant', 'one', { train: false }),
          message('user', 'ho'),
          message('assistant', 'two', { train: true }),
        ]),
        context('chat', source),
      );
      assert.deepEqual(trainedTexts(row).sort(), ['ask<|im_end|>', 'two<|im_end|>']);
    });

    it(`train spans cut the content by characters, the end token goes with them (${how})`, () => {
      const spans = [
        { begin: 0, end: 3, train: false },
        { begin: 3, end: 6, train: true },
      ];
      const row = encodeRow(
        chat([message('user', 'hi'), message('assistant', '123456', { trainSpans: spans })]),
        context('chat', source),
      );
      assert.deepEqual(trainedTexts(row), ['456<|im_end|>']);
    });
  }

  it('every assistant content is trained and no other is, whatever it holds', () => {
    const content = fc.string({
      unit: fc.constantFrom('a', 'B', ' ', '\n', '7', 'é', '😀', '<', '|', '語', '\t'),
      minLength: 1,
    });
    const safe = content.map((text) => `x${text}x`);
    fc.assert(
      fc.property(fc.array(fc.tuple(safe, safe), { minLength: 1, maxLength: 4 }), (pairs) => {
        const messages = pairs.flatMap(([asked, answered]) => [message('user', asked), message('assistant', answered)]);
        const row = encodeRow(chat(messages), context('chat', chatMl));
        assert.deepEqual(
          trainedTexts(row),
          pairs.map(([, answered]) => `${answered}<|im_end|>`),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a conversation without a template, and one whose turns cannot be found', () => {
    const row = chat([message('user', 'hi'), message('assistant', 'one')]);
    assert.throws(() => encodeRow(row, context('chat')), /no chat template/);
    const reversing = '{% for m in messages | reverse %}{{ m.content | length }}{% endfor %}';
    assert.throws(() => encodeRow(row, context('chat', reversing)), /turn 2 \(assistant\)/);
  });
});

describe('encoding of other rows', () => {
  it('text: everything but position 0 is trained, with an end token', () => {
    const row = encodeRow({ kind: 'text', text: 'One day', weight: 1 }, context('chat'));
    assert.equal(row.text, 'One day<|im_end|>');
    assert.equal(row.ids.at(-1), 346);
    assert.deepEqual(
      trainedMask(row),
      Array.from(row.ids, (_, t) => Number(t > 0)),
    );
    const same = encodeRow({ kind: 'text', text: 'One day<|im_end|>', weight: 1 }, context('chat'));
    assert.equal(same.encodingHash, row.encodingHash);
  });

  it('text: gets the first token that the tokenizer adds', () => {
    const row = encodeRow({ kind: 'text', text: 'One day', weight: 1 }, context('spbpe'));
    assert.equal(row.ids[0], 1);
    assert.equal(row.ids.at(-1), 2);
    assert.deepEqual(Array.from(row.labels.subarray(1)), Array.from(row.ids.subarray(1)));
  });

  it('prompt and completion: joined raw, the completion and its end token are trained', () => {
    const row = encodeRow(
      { kind: 'completion', prompt: 'One day', completion: ' the fox', weight: 1 },
      context('spbpe'),
    );
    assert.equal(row.text, 'One day the fox</s>');
    assert.deepEqual(trainedTexts(row), [' the fox</s>']);
  });

  it('prompt and completion: a token that reaches across the border is trained', () => {
    const tokens = Array.from(tokenizers.chat.encode('\nhe').ids, (id) => tokenizers.chat.show(id));
    assert.deepEqual(tokens, ['\n', 'he']);
    const row = encodeRow({ kind: 'completion', prompt: '\nh', completion: 'e', weight: 1 }, context('chat'));
    assert.deepEqual(trainedTexts(row), ['he<|im_end|>']);
  });

  it('segments: each is encoded by itself and trained as it says', () => {
    const segments = [
      { text: 'One ', train: false },
      { text: 'day</s>', train: true },
    ];
    const row = encodeRow({ kind: 'segments', segments, weight: 1 }, context('bytebpe'));
    assert.equal(row.text, 'One day</s>');
    assert.deepEqual(trainedTexts(row), ['day</s>']);
  });

  it('tokens: pass through, position 0 untrained', () => {
    const row = encodeRow({ kind: 'tokens', ids: [5, 6, 7], labels: [5, -100, 7], weight: 2 }, context('chat'));
    assert.deepEqual([Array.from(row.ids), Array.from(row.labels), row.weight], [[5, 6, 7], [-100, -100, 7], 2]);
    for (const [ids, labels] of [
      [[1, 2], [1]],
      [[1.5], [1]],
      [[-1], [1]],
      [[1], [-5]],
      [[2 ** 31], [1]],
    ]) {
      assert.throws(
        () => encodeRow({ kind: 'tokens', ids: ids!, labels: labels!, weight: 1 }, context('chat')),
        /The row/,
      );
    }
  });

  it('maxLength cuts on the right and says how much', () => {
    const full = encodeRow({ kind: 'completion', prompt: 'One', completion: ' day', weight: 1 }, context('chat'));
    const row = encodeRow(
      { kind: 'completion', prompt: 'One', completion: ' day', weight: 1 },
      context('chat', undefined, 3),
    );
    assert.deepEqual(Array.from(row.ids), Array.from(full.ids.subarray(0, 3)));
    assert.equal(row.offsets.length, 6);
    assert.equal(row.truncated, full.ids.length - 3);
    assert.notEqual(row.encodingHash, full.encodingHash);
  });

  it('hashes follow ids, labels and weight, and nothing else', () => {
    const base: Example = { kind: 'tokens', ids: [5, 6, 7], labels: [-100, 6, 7], weight: 1 };
    const hash = (example: Example) => encodeRow(example, context('chat')).encodingHash;
    assert.match(hash(base), /^[0-9a-f]{64}$/);
    assert.equal(hash(base), hash({ ...base, labels: [5, 6, 7] }));
    const others = [
      { ...base, ids: [5, 6, 8] },
      { ...base, labels: [-100, -100, 7] },
      { ...base, weight: 0.5 },
      { ...base, ids: [5, 6], labels: [-100, 6] },
    ];
    assert.equal(new Set([base, ...others].map(hash)).size, 5);
    assert.throws(() => hash({ ...base, weight: Number.NaN }), /weight/);
  });

  it('preference: two rows that share the prompt', () => {
    const { chosen, rejected } = encodePreference(
      { kind: 'preference', prompt: 'One', chosen: ' day', rejected: ' fox', weight: 1 },
      context('chat'),
    );
    assert.deepEqual([chosen, rejected].map(trainedTexts), [[' day<|im_end|>'], [' fox<|im_end|>']]);
  });

  it('preference: of a conversation only the answer is trained', () => {
    const chatTemplate = openChatTemplate(fixtureFolder('chat'), now)!;
    const earlier = [message('user', 'a'), message('assistant', 'b'), message('user', 'c')];
    const both = { tokenizer: tokenizers.chat, template: chatTemplate, maxLength: 4096 };
    const split = {
      kind: 'preference',
      prompt: earlier,
      chosen: [message('assistant', 'd')],
      rejected: 'e',
      weight: 1,
    } as const;
    const { chosen, rejected } = encodePreference(split, both);
    assert.deepEqual([chosen, rejected].map(trainedTexts), [['d<|im_end|>'], ['e<|im_end|>']]);
    const repeated = encodePreference(
      {
        kind: 'preference',
        prompt: '',
        chosen: [...earlier, message('assistant', 'd')],
        rejected: [...earlier, message('assistant', 'e')],
        weight: 1,
      },
      both,
    );
    assert.deepEqual(repeated, { chosen, rejected });
  });
});
