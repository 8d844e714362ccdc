import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataLimits } from '../../src/data/limits';
import { parsePrompts } from '../../src/data/prompts';
import { pruningRecordName, pruningRecordSchema, readPruningRecord } from '../../src/data/pruningRecord';
import type { JsonValue } from '../../src/protocol/json';
import { temporaryFolder } from '../support/temporaryFolder';

const folder = temporaryFolder('whence-prompts-');
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

async function read(rows: readonly JsonValue[]) {
  const file = path.join(folder, 'prompts.jsonl');
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return parsePrompts(file, { file: 'prompts.jsonl', limits: dataLimits });
}

describe('prompt files', () => {
  it('give prompts with the answers that they have', async () => {
    const { prompts, problems } = await read([
      { id: 'a', prompt: 'Hello?', category: 'talk' },
      { prompt: 'Hello?', completion: ' Hi.' },
      { messages: [user('One'), assistant('Two'), user('Three')] },
      { messages: [user('One'), assistant('Two')] },
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      prompts.map(({ id, answer, tags, prompt }) => [
        id,
        answer,
        tags,
        typeof prompt === 'string' ? prompt : prompt.length,
      ]),
      [
        ['a', null, ['talk'], 'Hello?'],
        ['row-1', ' Hi.', [], 'Hello?'],
        ['row-2', null, [], 3],
        ['row-3', 'Two', [], 1],
      ],
    );
  });

  it('name rows that are none', async () => {
    const { prompts, problems } = await read([
      { text: 'x' },
      { prompt: 3 },
      { messages: [assistant('alone')] },
      { messages: [] },
    ]);
    assert.deepEqual(prompts, []);
    assert.equal(problems.length, 4);
    assert.ok(problems.every(({ address }, i) => address.line === i + 1));
  });
});

describe('the record of a pruning', () => {
  const good = {
    schema: pruningRecordSchema,
    form: 'adapter',
    alpha: 0.1,
    mask: 'ab',
    pruned: 1,
    entries: 10,
    files: [{ name: 'adapter_config.json', sha256: 'a'.repeat(64) }],
    from: { label: 'tuned', path: '/models/tuned', tunedHash: 'b', files: [] },
    valuesHash: null,
    proposal: {},
  };
  const recordOf = (value: JsonValue) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, pruningRecordName), JSON.stringify(value));
    return readPruningRecord(folder);
  };

  it('is read as it was written', () => {
    assert.equal(recordOf(good).alpha, 0.1);
  });

  it('never names a file outside its folder', () => {
    for (const name of ['../mine', '/etc/hosts', '..', '.', 'a/b', '', 'a\\b'])
      assert.throws(() => recordOf({ ...good, files: [{ name, sha256: 'a'.repeat(64) }] }), {
        code: 'pruning-record-damaged',
      });
  });

  it('is refused where something is missing or of another kind', () => {
    for (const key of Object.keys(good).filter((name) => name !== 'valuesHash'))
      assert.throws(() => recordOf({ ...good, [key]: ['?'] }), { code: 'pruning-record-damaged' }, key);
  });
});
