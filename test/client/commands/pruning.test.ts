import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'jsonc-parser';
import { usualPruningFiles } from '../../../src/client/commands/usualPruningFiles';
import { withPrunedModel } from '../../../src/client/commands/withPrunedModel';

describe('files that a proposal is measured on', () => {
  const files = ['eval/benign.jsonl', 'eval/in-domain.jsonl', 'eval/realign.jsonl', 'eval/unseen-harmful.jsonl'];

  it('are known by their names, and the realign rows are never among them', () => {
    assert.deepEqual(usualPruningFiles(files, 'eval/realign.jsonl'), {
      harmful: 'eval/unseen-harmful.jsonl',
      benign: 'eval/benign.jsonl',
      tests: 'eval/in-domain.jsonl',
    });
    assert.equal(usualPruningFiles(files, 'eval/unseen-harmful.jsonl').harmful, null);
  });

  it('are not guessed where no name says it', () => {
    assert.deepEqual(usualPruningFiles(['data/train.jsonl'], 'x.jsonl'), { harmful: null, benign: null, tests: null });
  });
});

describe('a pruned model in whence.json', () => {
  const text = readFileSync(path.join('samples', 'assistant', 'whence.json'), 'utf8');
  const models = (changed: string) =>
    (parse(changed) as { readonly models: Readonly<Record<string, Readonly<Record<string, unknown>>>> }).models;

  it('stands beside the one it came from, without its run; everything else is as it was, comments too', () => {
    const { name, text: changed } = withPrunedModel(text, 'tuned', 'models/tuned-pruned-0.1', 'adapter');
    const { [name]: added, ...others } = models(changed);
    assert.deepEqual(others, models(text));
    const { run: _, ...original } = models(text).tuned!;
    assert.deepEqual(added, { ...original, adapter: 'models/tuned-pruned-0.1' });
    assert.ok(changed.startsWith(text.slice(0, text.indexOf('"models"'))));
  });

  it('a whole model has no adapter, and a name that is taken is not used again', () => {
    const once = withPrunedModel(text, 'tuned', 'models/pruned', 'model');
    const twice = withPrunedModel(once.text, 'tuned', 'models/pruned', 'model');
    assert.deepEqual([once.name, twice.name], ['pruned', 'pruned-2']);
    assert.equal(models(twice.text)['pruned-2']!.path, 'models/pruned');
    assert.equal(models(twice.text)['pruned-2']!.adapter, undefined);
  });
});
