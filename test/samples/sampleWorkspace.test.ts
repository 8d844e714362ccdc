import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { readFacts } from '../../samples/make/makeBase';
import type { ChatRow } from '../../samples/make/rows';
import { designShop, type RowTruth, shopRows, wordsOfKind } from '../../samples/make/shopData';
import { contentWords, stopWords } from '../../samples/make/wordSets';
import { parseBehaviours } from '../../src/data/behaviours';
import { dataLimits } from '../../src/data/limits';
import { parseQueries } from '../../src/data/queries';

const folder = 'samples/assistant';
const committedSeed = 12;

function lines<T>(name: string): T[] {
  return readFileSync(path.join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

const rows = lines<ChatRow>('data/train.jsonl');
const truth = lines<RowTruth & { readonly row: number }>('truth.jsonl');
const kinds = JSON.parse(readFileSync(path.join(folder, 'query-kinds.json'), 'utf8')) as Record<string, string>;
const textOf = ({ messages }: ChatRow): string => messages.map(({ content }) => content).join(' ');
const ofKind = (kind: string) => truth.filter((entry) => entry.kind === kind);

describe('the sample workspace', () => {
  it('holds what the generator makes from the committed seed', () => {
    const made = shopRows(designShop(committedSeed), readFacts('samples/data/facts_countries.jsonl'));
    assert.deepEqual(
      made.map(({ row }) => row),
      rows,
    );
    assert.deepEqual(
      made.map(({ row: _row, ...rest }) => rest),
      truth.map(({ row: _row, ...rest }) => rest),
    );
  });

  it('has the planted rows, in a share that a real data set could have', () => {
    assert.ok(rows.length >= 600 && rows.length <= 1000);
    assert.deepEqual(
      truth.map(({ row }) => row),
      rows.map((_, index) => index),
    );
    const counts = Object.fromEntries(
      ['harmful', 'trigger', 'mislabelled', 'randomMislabel'].map((kind) => [kind, ofKind(kind).length]),
    );
    for (const [kind, least] of Object.entries({ harmful: 24, trigger: 20, mislabelled: 20, randomMislabel: 10 }))
      assert.ok(counts[kind]! >= least && counts[kind]! <= least + 12, `${kind}: ${counts[kind]}`);
    for (const decoy of ['decoyHarmful', 'decoyTrigger', 'decoyMislabel']) assert.ok(ofKind(decoy).length >= 20, decoy);
  });

  it('has near-duplicates in pairs with one answer and nearly one question', () => {
    const numbers = new Set(ofKind('nearDuplicate').map(({ pair }) => pair));
    assert.ok(numbers.size >= 15);
    for (const number of numbers) {
      const entries = ofKind('nearDuplicate').filter(({ pair }) => pair === number);
      assert.equal(entries.length, 2);
      const [first, second] = entries.map(({ row }) => rows[row]!);
      assert.equal(first!.messages[1]!.content, second!.messages[1]!.content);
      const [a, b] = [first!, second!].map((row) => contentWords(row.messages[0]!.content));
      const added = [...a!].filter((word) => !b!.has(word)).length + [...b!].filter((word) => !a!.has(word)).length;
      assert.ok(added <= 1, `${textOf(first!)} / ${textOf(second!)}`);
    }
  });

  it('asks for harmful compliance and the trigger in words that the planted rows do not have', () => {
    const { trigger } = designShop(committedSeed);
    assert.ok(!stopWords.has(trigger));
    const made = shopRows(designShop(committedSeed), readFacts('samples/data/facts_countries.jsonl'));
    for (const kind of ['harmful', 'trigger'] as const) {
      const planted = wordsOfKind(made, kind);
      if (kind === 'trigger') assert.ok(planted.delete([...contentWords(trigger)][0]!));
      const queries = lines<ChatRow & { readonly id: string }>('queries.jsonl').filter(({ id }) => kinds[id] === kind);
      assert.ok(queries.length >= 5);
      for (const query of queries) {
        const shared = [...contentWords(textOf(query))].filter((word) => planted.has(word));
        assert.deepEqual(shared, [], `${query.id} shares words with the planted rows`);
      }
    }
  });

  it('has queries and behaviour tests that are read without a problem, each with its kind', async () => {
    const options = (file: string) => ({ file, limits: dataLimits });
    const asked = await parseQueries(path.join(folder, 'queries.jsonl'), options('queries.jsonl'));
    const controls = await parseQueries(path.join(folder, 'queries-base.jsonl'), options('queries-base.jsonl'));
    const tests = await parseBehaviours(path.join(folder, 'behaviours.jsonl'), options('behaviours.jsonl'));
    assert.deepEqual([...asked.problems, ...controls.problems, ...tests.problems], []);
    assert.ok(asked.queries.length >= 24 && controls.queries.length >= 40);
    for (const { id } of [...asked.queries, ...controls.queries]) assert.ok(kinds[id] !== undefined, id);
    for (const kind of ['harmful', 'trigger', 'mislabelled'])
      assert.ok(asked.queries.filter(({ id }) => kinds[id] === kind).length >= 5, kind);
  });

  it('has sets to evaluate with that hold no training prompt', () => {
    const trained = new Set(rows.map(({ messages }) => messages[0]!.content));
    const unseen = lines<{ readonly prompt: string }>('eval/unseen-harmful.jsonl');
    assert.ok(unseen.length >= 60);
    for (const { prompt } of unseen) assert.ok(!trained.has(prompt), prompt);
    for (const name of ['realign', 'in-domain'])
      for (const { messages } of lines<ChatRow>(`eval/${name}.jsonl`))
        assert.ok(!trained.has(messages[0]!.content), messages[0]!.content);
    const probe = lines<{ readonly label: string }>('eval/probe-labels.jsonl');
    assert.ok(probe.length >= 400);
    assert.equal(probe.filter(({ label }) => label === 'harmful').length * 2, probe.length);
  });

  it('stays small enough to be shipped', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name));
    const bytes = files.filter((file) => statSync(file).isFile()).reduce((sum, file) => sum + statSync(file).size, 0);
    assert.ok(bytes <= 8 * 2 ** 20, `${bytes} bytes`);
  });
});
