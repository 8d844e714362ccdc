import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TraceRecord } from '../../../src/protocol/editorFindings';
import type { TraceDocument, TracedQuery } from '../../../src/protocol/influence';
import { createTraceShelf } from '../../../src/server/traces/createTraceShelf';

const query = { id: 'q', prompt: 'p', verdict: 'noRowStandsOut', rows: [] } as unknown as TracedQuery;
const document = { method: 'auto', queries: [query] } as unknown as TraceDocument;

function record(title: string, when: number): Omit<TraceRecord, 'id'> {
  return {
    title,
    when,
    model: { label: 'tuned', path: '/m', adapter: undefined, hash: 'h' },
    documents: [document, { ...document, method: 'bm25' }],
    device: 'cpu',
    seconds: 1,
    modelName: null,
    source: { kind: 'inline', queries: [] },
  };
}

describe('createTraceShelf', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'whence-shelf-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('what is kept is there after a restart, in the order it was made', async () => {
    const shelf = createTraceShelf(() => folder);
    const later = await shelf.add(record('later', 2_000_000));
    const earlier = await shelf.add(record('earlier', 1_000_000));
    const again = createTraceShelf(() => folder);
    assert.deepEqual(
      again.list().map(({ id, title, methods }) => [id, title, methods]),
      [
        [earlier.id, 'earlier', ['auto', 'bm25']],
        [later.id, 'later', ['auto', 'bm25']],
      ],
    );
    assert.equal(again.read(later.id)?.title, 'later');
  });

  it('shows nothing until a finding is made the active one, then the document of its method', async () => {
    const shelf = createTraceShelf(() => folder);
    const { id } = await shelf.add(record('one', 1));
    assert.equal(shelf.shown(), undefined);
    shelf.activate({ trace: id, query: 0, method: 'bm25' });
    assert.equal(shelf.shown()?.document.method, 'bm25');
    shelf.activate({ trace: 'gone-for-good', query: 0, method: 'bm25' });
    assert.equal(shelf.shown(), undefined);
    shelf.activate(null);
    assert.equal(shelf.shown(), undefined);
  });

  it('verdicts are kept by content, and taking one back forgets it', async () => {
    const shelf = createTraceShelf(() => folder);
    await shelf.setVerdict('aa', 'relevant');
    await shelf.setVerdict('bb', 'notRelevant');
    await shelf.setVerdict('aa', 'none');
    const again = createTraceShelf(() => folder);
    assert.deepEqual(
      ['aa', 'bb', 'cc'].map((hash) => again.verdictOf(hash)),
      ['none', 'notRelevant', 'none'],
    );
    assert.deepEqual(again.list(), []);
  });

  it('a damaged file in the store costs that trace and no other', async () => {
    const shelf = createTraceShelf(() => folder);
    const good = await shelf.add(record('good', 1));
    const bad = await shelf.add(record('bad', 2));
    writeFileSync(path.join(folder, 'traces', `${bad.id}.json`), '{"schema": "whence.keptTrace/1", "rec');
    writeFileSync(path.join(folder, 'traces', '..%2f..%2fescape.json'), '{}');
    const again = createTraceShelf(() => folder);
    assert.deepEqual(
      again.list().map(({ id }) => id),
      [good.id],
    );
    assert.ok(readdirSync(path.join(folder, 'traces')).length >= 3);
  });
});
