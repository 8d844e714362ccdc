import assert from 'node:assert/strict';
import { defaultSettings } from '../../../src/protocol/settings';
import { createAnalysisShelf } from '../../../src/server/analyses/createAnalysisShelf';
import { createLargeFiles } from '../../../src/server/largeFiles/createLargeFiles';
import { createTagIndex } from '../../../src/server/tags/createTagIndex';
import { openFolder } from '../acts/support';
import { tracedRecord } from '../tracedRecord';

describe('server/largeFiles: rows with their tags', () => {
  it('tags are those of the rows by content, wherever they stand; rows that were cut have none', async () => {
    const rows = ['{"text":"first"}', '{"text":"second"}', '{"text":"third"}'];
    const long = JSON.stringify({ text: 'z'.repeat(400_000) });
    const folder = await openFolder({ 'train.jsonl': `{"new":1}\n${rows.join('\n')}\n${long}\n` });
    const { traces, findings, workspace } = folder.context;
    const record = await traces.add(tracedRecord('train.jsonl', [...rows, long], [0.8, -0.4, 0.01, 0.9]));
    traces.activate({ trace: record.id, query: 0, method: 'auto' });
    const analyses = createAnalysisShelf(() => workspace.storeFolder());
    const files = createLargeFiles(createTagIndex(findings, analyses, workspace));
    const uri = folder.uriOf('train.jsonl');
    try {
      const answer = await files.rows(
        { uri, first: 1, last: 6, characters: 10 },
        { ...defaultSettings, marksPreset: 'everything' },
      );
      assert.deepEqual(answer.texts, ['{"text":"f', '{"text":"s', '{"text":"t', '{"text":"z']);
      assert.deepEqual([answer.lines, answer.complete], [5, 'yes']);
      assert.deepEqual(
        answer.tags.map(({ line, tone, state }) => [line, tone, state]),
        [
          [1, 'promotes', 'current'],
          [2, 'opposes', 'current'],
          [3, 'promotes', 'current'],
        ],
      );
      assert.deepEqual((await files.rows({ uri, first: 0, last: 9, characters: 5 }, null)).tags, []);
      assert.equal(await files.line(uri, 2), rows[1]);
      assert.equal(await files.find(uri, 'third', 0, new AbortController().signal), 3);
    } finally {
      await files.closeAll();
      folder.remove();
    }
  });
});
