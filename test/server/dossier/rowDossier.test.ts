import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../src/protocol/errors';
import { nearDuplicates } from '../../../src/server/acts/findNearDuplicates';
import { rowDossier } from '../../../src/server/dossier/rowDossier';
import { keepRowLosses } from '../../../src/server/dossier/rowLosses';
import { exportTrace } from '../../../src/server/requests/exportTrace';
import { openFolder } from '../acts/support';
import { tracedRecord } from '../tracedRecord';

const long = (last: string): string =>
  JSON.stringify({ text: `Please tell me how one cleans the old wooden table in the kitchen ${last}` });
const rows = [long('today'), long('tonight'), '{"text":"something else entirely"}'];

describe('server: what is known of a row', () => {
  let folder: Awaited<ReturnType<typeof openFolder>>;
  let trace: string;
  const options = { trust: 'trusted', tags: 'client', hovers: 'html', locale: 'en' } as const;
  const rowAt = (line: number) => ({ uri: folder.uriOf('train.jsonl'), line });

  beforeEach(async () => {
    folder = await openFolder({
      'train.jsonl': `${rows.join('\n')}\n`,
      'whence.json': '{"data":{"train":{"path":"train.jsonl"}}}',
    });
    trace = (await folder.context.traces.add(tracedRecord('train.jsonl', rows, [0.8, -0.4, 0.01]))).id;
  });
  afterEach(() => folder.remove());

  it('a dossier: losses that were computed, self-influence, duplicates, behaviours of kept traces, verdict', async () => {
    const hash = folder.context.findings.hashOf(rows[0]!)!;
    assert.equal(rowDossier(rowAt(0), folder.context)?.lossTuned, null);
    const storeFolder = folder.context.workspace.storeFolder();
    await keepRowLosses(storeFolder, { base: new Map([[hash, 3]]), tuned: new Map([[hash, 0.5]]) });
    await keepRowLosses(storeFolder, { base: new Map([['other', 1]]), tuned: new Map() });
    await folder.context.traces.setVerdict(hash, 'notRelevant');
    assert.deepEqual(rowDossier(rowAt(0), folder.context), {
      ...rowAt(0),
      hash,
      lossBase: 3,
      lossTuned: 0.5,
      selfInfluence: 2,
      duplicates: [rowAt(1)],
      moves: [{ trace, query: 'Does it?', rank: 1, score: 0.8 }],
      verdict: 'notRelevant',
    });
    assert.deepEqual(rowDossier(rowAt(2), folder.context)?.moves, []);
    assert.equal(rowDossier(rowAt(3), folder.context), null);
    assert.equal(rowDossier({ uri: folder.uriOf('gone.jsonl'), line: 0 }, folder.context), null);
  });

  it('near-duplicates: of the shown trace, and by words where nothing is shown or the row is new', () => {
    assert.deepEqual(nearDuplicates(rowAt(0), folder.context), [rowAt(1)]);
    assert.deepEqual(nearDuplicates(rowAt(2), folder.context), []);
    folder.context.traces.activate({ trace, query: 0, method: 'auto' });
    folder.open('train.jsonl', `${rows[2]}\n${rows[0]}\n${rows[1]}\n${long('now')}\n`, 2);
    assert.deepEqual(nearDuplicates(rowAt(1), folder.context), [rowAt(2)]);
    assert.deepEqual(nearDuplicates(rowAt(3), folder.context), [rowAt(1), rowAt(2)]);
  });

  it('exports hold the verdicts, and no file that is read is written to', async () => {
    const hash = folder.context.findings.hashOf(rows[1]!)!;
    await folder.context.traces.setVerdict(hash, 'relevant');
    const write = async (format: 'csv' | 'json' | 'parquet', name: string) => {
      const file = path.join(folder.folder, name);
      await exportTrace({ trace, format, file }, { ...folder.context, options }, 'no assets needed');
      return readFileSync(file);
    };
    const csv = (await write('csv', 'out/trace.csv')).toString().split('\n');
    assert.match(csv[0]!, /^method,query,file,row,.*,verdict$/);
    assert.deepEqual(
      csv.slice(1, 4).map((line) => line.split(',').at(-1)),
      ['none', 'relevant', 'none'],
    );
    const json = JSON.parse((await write('json', 'trace.json')).toString());
    assert.deepEqual([json.schema, json.results.length, json.verdicts], ['whence.trace/1', 1, { [hash]: 'relevant' }]);
    assert.equal((await write('parquet', 'trace.parquet')).subarray(0, 4).toString(), 'PAR1');
    const before = folder.read('train.jsonl');
    await assert.rejects(
      write('csv', 'train.jsonl'),
      (error) => error instanceof UserError && error.code === 'out-is-input',
    );
    assert.equal(folder.read('train.jsonl'), before);
    await assert.rejects(
      exportTrace({ trace: 'gone', format: 'csv', file: '/x' }, { ...folder.context, options }, ''),
      (error) => error instanceof UserError && error.code === 'trace-unknown',
    );
  });

  it('the HTML report is made of the built view', async () => {
    const assets = path.resolve('dist', 'webview');
    assert.ok(existsSync(assets), 'node esbuild.mjs builds it');
    const file = path.join(folder.folder, 'trace.html');
    await exportTrace({ trace, format: 'html', file }, { ...folder.context, options }, assets);
    assert.match(readFileSync(file, 'utf8'), /^<!doctype html>[\s\S]*Content-Security-Policy[\s\S]*Does it\?/);
  });
});
