import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dataLimits } from '../../src/data/limits';
import { rowOf } from '../../src/data/parseRow';
import { readSchemaRows } from '../../src/data/readSchemaRows';
import { detectSchema, namedSchema } from '../../src/data/schemas/detect';
import { isProblems, toExample, toMessages, toPlainExample } from '../../src/data/schemas/toExample';
import type { Example, Message, Row, RowProblem } from '../../src/data/types';
import type { JsonObject } from '../../src/protocol/json';
import { fixtures, readAll } from './support';

interface Expected {
  readonly file: string;
  readonly layout: string;
  readonly rows: readonly JsonObject[] | null;
  readonly messages?: readonly (readonly JsonObject[])[];
}

const expected = JSON.parse(readFileSync(path.join(fixtures, 'expected.json'), 'utf8')) as { files: Expected[] };

function rowsOf(...values: JsonObject[]): Row[] {
  return values.map((value, row) => rowOf(value, { file: 'train.jsonl', row, line: row + 1, bytes: undefined }));
}

/** Name of the schema detected from one row, and the row's example under it. */
function read(value: JsonObject): [string | undefined, Example | readonly RowProblem[] | undefined] {
  const [row] = rowsOf(value);
  const { schema } = detectSchema([row!]);
  return [schema?.name, schema === undefined ? undefined : toExample(row!, schema)];
}

/** Messages of problems under the schema of the first value. */
function refusal(first: JsonObject, value: JsonObject): string {
  const [row, bad] = rowsOf(first, value);
  const { schema } = detectSchema([row!]);
  const example = toExample(bad!, schema!);
  assert.ok(isProblems(example));
  return example.map(({ message, next }) => `${message} ${next}`).join('\n');
}

const said = (role: Message['role'], content: string, rest: Partial<Message> = {}): Message => ({
  role,
  content,
  extra: {},
  train: undefined,
  trainSpans: undefined,
  ...rest,
});

describe('a schema that whence.json names', () => {
  it('has its fields spelled as the rows spell them, unless they are stated', () => {
    const rows = rowsOf({ question: 'q', response: 'r', lang: 'en' });
    const { fields, source } = namedSchema('question-answer', {}, rows);
    assert.deepEqual(fields, { instruction: 'question', output: 'response', weight: 'weight' });
    assert.equal(source, 'whence.json');
    assert.deepEqual(namedSchema('text', { text: 'lang' }, rows).fields, { text: 'lang' });
    assert.deepEqual(namedSchema('question-answer', { instruction: 'lang' }, rows).fields, {
      instruction: 'lang',
      output: 'response',
    });
    assert.deepEqual(namedSchema('openai-chat', {}, rows).fields, { messages: 'messages', weight: 'weight' });
  });

  it('reads the rows of a file without its fields being stated', async () => {
    const schema = { name: 'openai-chat', fields: {} };
    let read = 0;
    for await (const batch of readSchemaRows(
      { path: path.join(fixtures, 'openai.jsonl'), label: 'openai.jsonl', schema },
      dataLimits,
    )) {
      assert.deepEqual(batch.problems, []);
      for (const row of batch.rows) if (!isProblems(toExample(row, batch.schema!))) read++;
    }
    assert.ok(read > 0);
  });
});

describe('schemas of the data files', () => {
  for (const { file, layout, rows, messages } of expected.files) {
    if (rows === null) continue;
    it(`${file}: ${layout}, with the expected conversations`, async () => {
      const found = await readAll(path.join(fixtures, file));
      const { schema, problems } = detectSchema(found.rows);
      assert.equal(schema?.name, layout);
      assert.deepEqual(problems, []);
      for (const [index, row] of found.rows.entries()) {
        assert.ok(!isProblems(toExample(row, schema)));
        if (messages === undefined) continue;
        const turns = toMessages(row, schema) as readonly Message[];
        assert.deepEqual(
          turns.map(({ role, content }) => ({ role, content })),
          messages[index],
        );
      }
    });
  }
});

describe('schemas', () => {
  const chat = (messages: readonly Message[], rest: object = {}) => ({
    kind: 'chat',
    messages,
    tools: undefined,
    weight: 1,
    ...rest,
  });

  const cases: [string, JsonObject, string, object][] = [
    ['text', { text: 'a', weight: 0.5 }, 'text', { kind: 'text', text: 'a', weight: 0.5 }],
    [
      'a labelled text',
      { text: 'a', label: 'ham' },
      'text-label',
      { kind: 'text', text: 'a', weight: 1, label: 'ham' },
    ],
    [
      'tokens with padding on the left',
      { input_ids: [0, 5, 6], attention_mask: [0, 1, 1], labels: [-100, -100, 6] },
      'tokens',
      { kind: 'tokens', ids: [5, 6], labels: [-100, 6], weight: 1 },
    ],
    [
      'tokens without labels',
      { input_ids: [5, 6] },
      'tokens',
      { kind: 'tokens', ids: [5, 6], labels: [5, 6], weight: 1 },
    ],
    [
      'segments',
      {
        segments: [
          { label: false, text: 'q' },
          { label: true, text: 'a' },
        ],
      },
      'segments',
      {
        kind: 'segments',
        segments: [
          { text: 'q', train: false },
          { text: 'a', train: true },
        ],
        weight: 1,
      },
    ],
    [
      'alpaca with system and history',
      { instruction: 'i', input: 'x', output: 'o', system: 's', history: [['q', 'a']] },
      'alpaca',
      chat([
        said('system', 's'),
        said('user', 'q'),
        said('assistant', 'a'),
        said('user', 'i\n\nx'),
        said('assistant', 'o'),
      ]),
    ],
    [
      'instruction and answer',
      { id: '1', instruction: 'i', answer: 'o' },
      'alpaca',
      chat([said('user', 'i'), said('assistant', 'o')]),
    ],
    ['capital names', { INSTRUCTION: 'i', RESPONSE: 'o' }, 'alpaca', chat([said('user', 'i'), said('assistant', 'o')])],
    [
      'system prompt, question, response',
      { system_prompt: 's', question: 'q', response: 'r' },
      'system-question-response',
      chat([said('system', 's'), said('user', 'q'), said('assistant', 'r')]),
    ],
    [
      'question and answer',
      { question: 'q', answer: 'a' },
      'question-answer',
      chat([said('user', 'q'), said('assistant', 'a')]),
    ],
    [
      'prompt and generation',
      { prompt: 'q', generation: 'a' },
      'prompt-generation',
      chat([said('user', 'q'), said('assistant', 'a')]),
    ],
    [
      'prompt and response',
      { prompt: 'q', response: 'a' },
      'prompt-response',
      chat([said('user', 'q'), said('assistant', 'a')]),
    ],
    [
      'prompt and completion, joined raw',
      { prompt: 'q', completion: ' a' },
      'prompt-completion',
      { kind: 'completion', prompt: 'q', completion: ' a', weight: 1 },
    ],
    [
      'prompt and completion as turns: the completion alone is trained',
      { prompt: [{ role: 'user', content: 'q' }], completion: [{ role: 'assistant', content: 'a' }] },
      'prompt-completion',
      chat([said('user', 'q', { train: false }), said('assistant', 'a', { train: true })]),
    ],
    [
      'OpenAI chat with weights, tools, tool calls, a tool turn, typed parts and a developer',
      {
        messages: [
          { role: 'developer', content: 'd' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'q' },
              { type: 'text', text: '?' },
            ],
          },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c', content: '3' },
          { role: 'assistant', content: 'no', weight: 0 },
          { role: 'assistant', content: 'a', weight: 1, name: null },
        ],
        tools: [{ type: 'function', function: { name: 'f' } }],
      },
      'openai-chat',
      chat(
        [
          said('developer', 'd'),
          said('user', 'q?'),
          said('assistant', '', {
            extra: { tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
          }),
          said('tool', '3', { extra: { tool_call_id: 'c' } }),
          said('assistant', 'no', { train: false }),
          said('assistant', 'a', { train: true }),
        ],
        { tools: [{ type: 'function', function: { name: 'f' } }] },
      ),
    ],
    [
      'ShareGPT with system, tools, a function call and an observation',
      {
        system: 's',
        tools: '[{"name": "f"}]',
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'function_call', value: '{"name": "f", "arguments": {"x": 1}}' },
          { from: 'observation', value: '2' },
          { from: 'gpt', value: 'a', loss_weight: 0 },
        ],
      },
      'sharegpt',
      chat(
        [
          said('system', 's'),
          said('user', 'q'),
          said('assistant', '', {
            extra: { tool_calls: [{ type: 'function', function: { name: 'f', arguments: { x: 1 } } }] },
          }),
          said('tool', '2'),
          said('assistant', 'a', { train: false }),
        ],
        { tools: [{ name: 'f' }] },
      ),
    ],
    [
      'Axolotl train and train_detail: code points, end inclusive',
      {
        conversations: [
          { from: 'human', value: 'q', train: true },
          { from: 'gpt', value: '😀ab', train_detail: [{ begin_offset: 0, end_offset: 1, train: true }] },
        ],
      },
      'sharegpt',
      chat([
        said('user', 'q', { train: true }),
        said('assistant', '😀ab', { trainSpans: [{ begin: 0, end: 3, train: true }] }),
      ]),
    ],
    [
      'preference texts',
      { prompt: 'p', chosen: 'c', rejected: 'r' },
      'dpo',
      { kind: 'preference', prompt: 'p', chosen: 'c', rejected: 'r', weight: 1 },
    ],
    [
      'preference texts with a shared beginning',
      { chosen: 'Q: x A: yes', rejected: 'Q: x A: no' },
      'dpo',
      { kind: 'preference', prompt: 'Q: x A:', chosen: ' yes', rejected: ' no', weight: 1 },
    ],
    [
      'preference turns that begin with the prompt',
      {
        prompt: 'p',
        chosen: [
          { role: 'user', content: 'p' },
          { role: 'assistant', content: 'c' },
        ],
        rejected: [
          { role: 'user', content: 'p' },
          { role: 'assistant', content: 'r' },
        ],
      },
      'dpo',
      {
        kind: 'preference',
        prompt: [said('user', 'p')],
        chosen: [said('assistant', 'c')],
        rejected: [said('assistant', 'r')],
        weight: 1,
      },
    ],
    [
      'alpaca preference',
      { instruction: 'i', input: 'x', chosen: 'c', rejected: 'r' },
      'dpo',
      {
        kind: 'preference',
        prompt: [said('user', 'i\n\nx')],
        chosen: [said('assistant', 'c')],
        rejected: [said('assistant', 'r')],
        weight: 1,
      },
    ],
    [
      'ShareGPT preference',
      {
        conversations: [{ from: 'human', value: 'q' }],
        chosen: { from: 'gpt', value: 'c' },
        rejected: { from: 'gpt', value: 'r' },
      },
      'chat-preference',
      {
        kind: 'preference',
        prompt: [said('user', 'q')],
        chosen: [said('assistant', 'c')],
        rejected: [said('assistant', 'r')],
        weight: 1,
      },
    ],
    [
      'OpenAI preference',
      {
        input: { messages: [{ role: 'user', content: 'q' }] },
        preferred_output: [{ role: 'assistant', content: 'c' }],
        non_preferred_output: [{ role: 'assistant', content: 'r' }],
      },
      'openai-preference',
      {
        kind: 'preference',
        prompt: [said('user', 'q')],
        chosen: [said('assistant', 'c')],
        rejected: [said('assistant', 'r')],
        weight: 1,
      },
    ],
    [
      'ranked answers: the best against the worst',
      {
        prompt: 'p',
        answers: [
          { answer: 'b', rank: 2 },
          { answer: 'a', rank: 1 },
          { answer: 'c', rank: 3 },
        ],
      },
      'ranked-answers',
      { kind: 'preference', prompt: 'p', chosen: 'a', rejected: 'c', weight: 1 },
    ],
    [
      'KTO',
      { prompt: 'p', completion: 'c', label: false },
      'kto',
      { kind: 'completion', prompt: 'p', completion: 'c', weight: 1, label: false },
    ],
    [
      'alpaca with a KTO tag',
      { instruction: 'i', output: 'o', kto_tag: true },
      'alpaca-kto',
      chat([said('user', 'i'), said('assistant', 'o')], { label: true }),
    ],
    [
      'chat with a KTO tag',
      {
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a' },
        ],
        kto_tag: false,
      },
      'chat-kto',
      chat([said('user', 'q'), said('assistant', 'a')], { label: false }),
    ],
    [
      'steps with labels',
      { prompt: 'p', completions: ['a', 'b'], labels: [true, false] },
      'stepwise',
      {
        kind: 'segments',
        segments: [
          { text: 'p', train: false },
          { text: '\na', train: true },
          { text: '\nb', train: true },
        ],
        weight: 1,
        label: [true, false],
      },
    ],
  ];
  for (const [name, value, schema, example] of cases) {
    it(`reads ${name}`, () => assert.deepEqual(read(value), [schema, example]));
  }

  it('an instruction row on a model without a template is the Stanford Alpaca prompt', () => {
    const [row] = rowsOf({ instruction: 'Add.', input: '1 2', output: '3' });
    assert.deepEqual(toPlainExample(row!, detectSchema([row!]).schema!), {
      kind: 'completion',
      prompt:
        'Below is an instruction that describes a task, paired with an input that provides further context. ' +
        'Write a response that appropriately completes the request.\n\n' +
        '### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:\n',
      completion: '3',
      weight: 1,
    });
  });

  it('a conversation on a model without a template is a problem', () => {
    const [row] = rowsOf({
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    });
    const problems = toPlainExample(row!, detectSchema([row!]).schema!);
    assert.ok(isProblems(problems));
    assert.equal(problems[0]!.code, 'no-chat-template');
  });

  it('braces in a field are text, not a placeholder', () => {
    const [row] = rowsOf({ instruction: '{output} {input}', input: '$& {instruction}', output: 'o' });
    const example = toPlainExample(row!, detectSchema([row!]).schema!);
    assert.match(
      (example as { prompt: string }).prompt,
      /Instruction:\n\{output\} \{input\}\n\n### Input:\n\$& \{instruction\}\n/,
    );
  });

  it('names the field that does not fit, and what to do', () => {
    const good = {
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    };
    const bad = (message: JsonObject) => refusal(good, { messages: [{ role: 'user', content: 'q' }, message] });
    assert.deepEqual(
      [
        bad({ role: 'assistant', content: 5 }),
        bad({ role: 'wizard', content: 'a' }),
        bad({ content: 'a' }),
        bad({ role: 'assistant', content: [{ type: 'image_url', image_url: {} }] }),
        bad({ role: 'assistant', content: 'a', weight: 0.5 }),
        bad({ role: 'assistant', content: 'a', train_detail: [{ begin_offset: 0, end_offset: 1, train: true }] }),
        refusal(good, { messages: [{ role: 'user', content: 'q' }] }),
        refusal(good, { messages: [] }),
        refusal(good, { text: 'a' }),
        refusal({ instruction: 'i', output: 'o' }, { instruction: 'i', output: 7 }),
        refusal({ input_ids: [1] }, { input_ids: [1, -2] }),
        refusal({ input_ids: [1], labels: [1] }, { input_ids: [1, 2], labels: [1] }),
        refusal({ prompt: 'p', completion: 'c', label: true }, { prompt: 'p', completion: 'c', label: 'maybe' }),
        refusal({ text: 'a', weight: 1 }, { text: 'a', weight: -1 }),
      ].map((text) => text.replace(/^train\.jsonl, /, '')),
      [
        'line 2: the field messages[1].content is a number, not a text or a list of parts. Make it a text or a list of parts.',
        'line 2: messages[1].role is "wizard". Use one of system, developer, user, human, prompter, assistant, gpt, model, bot, chatgpt, bing, bard, tool, observation, function, function_response, ipython, function_call.',
        'line 2: the field messages[1].role is missing. Give it a text.',
        'line 2: messages[1].content[0] is of the type "image_url"; Whence reads text alone. Remove this part or leave the row out.',
        'line 2: messages[1].weight is 0.5; a turn is trained (1, true) or not (0, false). Use a weight of the whole row for anything between.',
        'line 2: messages[1].train_detail[0] spans 0 to 1; the content has the characters 0 to 0. Correct begin_offset and end_offset (both inclusive).',
        'line 2: no turn of messages is trained. Add an assistant turn, or train one.',
        'line 2: the field messages is an empty list. Add turns to it.',
        'line 2: the field messages is missing. Give it a list.',
        'line 2: the field output is a number, not a text. Make it a text.',
        'line 2: input_ids[1] is -2, not a token id. Correct it or delete the row.',
        'line 2: input_ids has 2 entries, labels 1. Make them equally long.',
        'line 2: the field label is a text, not true or false. Make it true or false.',
        'line 2: the field weight is -1. Make it a number of 0 or more.',
      ],
    );
  });

  it('says what is missing where no schema is recognised', () => {
    const unknown = (value: JsonObject) =>
      detectSchema(rowsOf(value)).problems.map(({ message, next }) => `${message} ${next}`);
    assert.deepEqual(unknown({ prompt: 'p' }), [
      'train.jsonl, line 1: no schema is recognised; the row has the fields prompt. It looks like prompt-completion, which also needs completion.',
    ]);
    assert.deepEqual(unknown({ a: 1 }), [
      'train.jsonl, line 1: no schema is recognised; the row has the fields a. Rename the columns to text, or prompt and completion, or messages; or state the mapping beside the data.',
    ]);
    assert.deepEqual(unknown({ text: 5 }), [
      'train.jsonl, line 1: no schema is recognised; the row has the fields text. It looks like text, but a field has another type than that needs; check the values.',
    ]);
  });

  it('one odd row does not change the schema of a file', () => {
    const good = Array.from({ length: 9 }, () => ({ prompt: 'p', completion: 'c', label: true }));
    assert.equal(detectSchema(rowsOf({ text: 'x' }, ...good)).schema?.name, 'kto');
    assert.equal(detectSchema(rowsOf({ prompt: 'p', completion: 'c', label: 'x' }, ...good)).schema?.name, 'kto');
  });

  it('fields named like members of every object are read as fields', () => {
    assert.deepEqual(read({ constructor: 'x', toString: 'y', __proto__: 'z' } as unknown as JsonObject)[0], undefined);
    const [row] = rowsOf(JSON.parse('{"text": "a", "__proto__": {"weight": 5}}') as JsonObject);
    assert.equal((toExample(row!, detectSchema([row!]).schema!) as { weight: number }).weight, 1);
  });
});
