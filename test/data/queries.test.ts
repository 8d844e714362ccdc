import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseBehaviours } from '../../src/data/behaviours';
import { dataLimits } from '../../src/data/limits';
import { parseQueries } from '../../src/data/queries';
import type { JsonObject } from '../../src/protocol/json';
import { withFolder } from './support';

async function withRows<T>(rows: readonly JsonObject[], read: (file: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const file = path.join(folder, 'rows.jsonl');
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return read(file);
  });
}

const queriesOf = (...rows: JsonObject[]) =>
  withRows(rows, (path) => parseQueries(path, { file: 'queries.jsonl', limits: dataLimits }));
const testsOf = (...rows: JsonObject[]) =>
  withRows(rows, (path) => parseBehaviours(path, { file: 'tests.jsonl', limits: dataLimits }));
const said = ({ message, next }: { message: string; next: string }) => `${message} ${next}`;

describe('query files', () => {
  it('read each form, with the completion as the only trained part', async () => {
    const user = { role: 'user', content: 'q' };
    const { queries, problems } = await queriesOf(
      { id: 'a', prompt: 'p', completion: ' c', rejected: ' r' },
      { messages: [user, { role: 'assistant', content: 'x' }, user, { role: 'assistant', content: 'y' }] },
      { id: 7, input_ids: [1, 2], labels: [-100, 2], measurement: 'meanLogprob' },
    );
    assert.deepEqual(problems, []);
    const turn = (role: string, content: string, train: boolean) => ({
      role,
      content,
      extra: {},
      train,
      trainSpans: undefined,
    });
    assert.deepEqual(
      queries.map(({ address: _, ...query }) => query),
      [
        {
          id: 'a',
          example: { kind: 'completion', prompt: 'p', completion: ' c', weight: 1 },
          rejected: { kind: 'completion', prompt: 'p', completion: ' r', weight: 1 },
          measurement: 'margin',
        },
        {
          id: 'row-1',
          example: {
            kind: 'chat',
            messages: [
              turn('user', 'q', false),
              turn('assistant', 'x', false),
              turn('user', 'q', false),
              turn('assistant', 'y', true),
            ],
            tools: undefined,
            weight: 1,
          },
          rejected: undefined,
          measurement: 'logprob',
        },
        {
          id: '7',
          example: { kind: 'tokens', ids: [1, 2], labels: [-100, 2], weight: 1 },
          rejected: undefined,
          measurement: 'meanLogprob',
        },
      ],
    );
  });

  it('say what is wrong with a row', async () => {
    const { queries, problems } = await queriesOf(
      { id: 'a', prompt: 'p', completion: 'c', measurment: 'logprob' },
      { id: 'a', prompt: 'p', completion: 'c' },
      { id: 'b', prompt: 'p' },
      { id: 'c', text: 'p' },
      { id: 'd', prompt: 'p', completion: 'c', measurement: 'margin' },
      { id: 'e', prompt: 'p', completion: 'c', measurement: 'loss' },
      { id: 'f', messages: [{ role: 'user', content: 'q' }] },
      { id: '', prompt: 'p', completion: 'c' },
      { id: 'g', input_ids: [1, 'x'] },
    );
    assert.equal(queries.length, 1);
    assert.deepEqual(problems.map(said), [
      'queries.jsonl, line 1: the key "measurment" is not read. Did you mean "measurement"?',
      'queries.jsonl, line 2: the id "a" is taken by row 0. Give each query its own id.',
      'queries.jsonl, line 3: the field completion is missing. Give it a text.',
      'queries.jsonl, line 4: there is neither prompt and completion nor messages. Add them.',
      'queries.jsonl, line 5: a margin needs the completion that should lose. Add "rejected".',
      'queries.jsonl, line 6: the measurement is "loss". Use one of logprob, meanLogprob, margin, tokenMargin.',
      'queries.jsonl, line 7: the last of messages is not an assistant turn. End with the answer to trace.',
      'queries.jsonl, line 8: the id is a text without characters. Make it a text.',
      'queries.jsonl, line 9: input_ids[1] is "x", not a token id. Correct it or delete the row.',
    ]);
  });
});

describe('behaviour tests', () => {
  it('read every expectation', async () => {
    const expect = {
      equals: 'a',
      contains: 'b',
      notContains: ['c', 'd'],
      matches: '^e+$',
      refuses: false,
      prefers: { chosen: 'f', rejected: 'g' },
    };
    const { tests, problems } = await testsOf(
      { id: 'all', prompt: 'p', expect, tags: ['x'] },
      { id: 'pair', messages: [{ role: 'user', content: 'q' }], expect: { prefers: ['f', 'g'] } },
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(tests[0]!.expect, { ...expect, contains: ['b'] });
    assert.deepEqual(tests[0]!.tags, ['x']);
    assert.deepEqual(tests[1]!.expect.prefers, { chosen: 'f', rejected: 'g' });
  });

  it('say what is wrong with a row', async () => {
    const { tests, problems } = await testsOf(
      { prompt: 'p' },
      { prompt: 'p', expect: {} },
      { prompt: 'p', expect: { contain: 'x' } },
      { prompt: 'p', expect: { matches: '(' } },
      { prompt: 'p', expect: { refuses: 'yes' } },
      { prompt: 'p', expect: { prefers: ['one'] } },
      { expect: { equals: 'x' } },
    );
    assert.equal(tests.length, 0);
    assert.deepEqual(problems.map(said), [
      'tests.jsonl, line 1: the field expect is missing. Give it an object.',
      'tests.jsonl, line 2: expect is empty. Use one of equals, contains, notContains, matches, refuses, prefers.',
      'tests.jsonl, line 3: expect has the unknown key "contain". Did you mean "contains"?',
      'tests.jsonl, line 4: expect.matches is no regular expression: /(/u: Unterminated group. Correct it.',
      'tests.jsonl, line 5: the field expect.refuses is a text, not true or false. Make it true or false.',
      'tests.jsonl, line 6: the field expect.prefers is a list, not an object of the texts chosen and rejected. Make it an object of the texts chosen and rejected.',
      'tests.jsonl, line 7: the field prompt is missing. Give it a text.',
    ]);
  });
});
