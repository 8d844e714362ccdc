import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../src/protocol/errors';
import { makeAct, rowPage } from '../../../src/server/acts/makeAct';
import { openFolder } from './support';

type Folder = Awaited<ReturnType<typeof openFolder>>;

const chat = (answer: string): string =>
  `{"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "${answer}"}]}`;
const rows = [chat('one'), chat('two'), chat('three')];

describe('server/acts', () => {
  let folder: Folder;
  const files = (content: Readonly<Record<string, string | Uint8Array>>) => async () => {
    folder = await openFolder(content);
  };
  const refused = (promise: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(promise, (error) => error instanceof UserError && error.code === code && error.next !== '');
  afterEach(() => folder.remove());

  describe('files that are not open', () => {
    beforeEach(files({ 'a.jsonl': `\ufeff${rows.join('\r\n')}`, 'b.jsonl': `${rows.join('\n')}\n` }));

    it('rows of two files go to the quarantine file beside each, and back, byte for byte', async () => {
      const before = [folder.read('a.jsonl'), folder.read('b.jsonl')];
      const chosen = [
        { uri: folder.uriOf('a.jsonl'), line: 2 },
        { uri: folder.uriOf('b.jsonl'), line: 0 },
        { uri: folder.uriOf('b.jsonl'), line: 1 },
      ];
      const act = await makeAct({ kind: 'quarantine', rows: chosen, reason: 'harmful' }, folder.context);
      assert.ok(
        !existsSync(path.join(folder.folder, 'a.quarantine.jsonl')),
        'nothing is written before the editor does',
      );
      assert.match(act.summary, /^3 rows moved to a\.quarantine\.jsonl, b\.quarantine\.jsonl$/);
      folder.apply(act);
      assert.equal(folder.read('a.jsonl'), `\ufeff${rows.slice(0, 2).join('\r\n')}`);
      assert.equal(folder.read('b.jsonl'), `${rows[2]}\n`);
      const kept = folder.read('b.quarantine.jsonl').split('\n');
      assert.equal(kept.length, 3);
      const { messages, 'whence.quarantine': note } = JSON.parse(kept[1]!);
      assert.equal(messages[1].content, 'two');
      assert.deepEqual([note.reason, note.line, note.file, note.hash.length], ['harmful', 2, 'b.jsonl', 64]);
      const back = ['a', 'b'].flatMap((name) =>
        [0, 1].map((line) => ({ uri: folder.uriOf(`${name}.quarantine.jsonl`), line })),
      );
      folder.apply(await makeAct({ kind: 'restore', rows: back }, folder.context));
      assert.deepEqual([folder.read('a.jsonl'), folder.read('b.jsonl')], before);
    });
  });

  describe('documents that are open', () => {
    beforeEach(files({ 'a.jsonl': 'on disk\n', 'a.quarantine.jsonl': '{"old": 1}' }));

    it('what was typed and not saved is what counts, with its version', async () => {
      folder.open('a.jsonl', `${rows.join('\n')}\n`, 7);
      folder.apply(
        await makeAct(
          { kind: 'quarantine', rows: [{ uri: folder.uriOf('a.jsonl'), line: 1 }], reason: 'r' },
          folder.context,
        ),
      );
      assert.equal(folder.textOf('a.jsonl'), `${rows[0]}\n${rows[2]}\n`);
      assert.equal(folder.read('a.jsonl'), 'on disk\n');
      assert.match(folder.read('a.quarantine.jsonl'), /^\{"old": 1\}\n\{"messages".*"two".*\}\n$/);
    });

    it('a weight is written into the row alone', async () => {
      folder.open('a.jsonl', `${rows.join('\n')}\n`, 1);
      const chosen = [0, 2].map((line) => ({ uri: folder.uriOf('a.jsonl'), line }));
      folder.apply(await makeAct({ kind: 'downWeight', rows: chosen, weight: 0.25 }, folder.context));
      const heavy = (row: string): string => row.replace(/\}$/, ', "weight": 0.25}');
      assert.equal(folder.textOf('a.jsonl'), `${heavy(rows[0]!)}\n${rows[1]}\n${heavy(rows[2]!)}\n`);
    });

    it('a page is written back to its row wherever it is now, and refused when the row is gone', async () => {
      folder.open('a.jsonl', `${rows.join('\n')}\n`, 1);
      const row = { uri: folder.uriOf('a.jsonl'), line: 1 };
      const page = rowPage(row, folder.context)!;
      assert.match(page.text, /^\{\n {2}"messages": \[/);
      folder.open('a.jsonl', `${[chat('new'), ...rows].join('\n')}\n`, 2);
      const text = page.text.replace('two', 'changed');
      folder.apply(await makeAct({ kind: 'editRow', row, hash: page.hash, text }, folder.context));
      assert.equal(folder.textOf('a.jsonl'), `${[chat('new'), rows[0], chat('changed'), rows[2]].join('\n')}\n`);
      await refused(makeAct({ kind: 'editRow', row, hash: page.hash, text }, folder.context), 'row-changed');
      const now = rowPage({ ...row, line: 2 }, folder.context)!;
      await refused(makeAct({ kind: 'editRow', row, hash: now.hash, text: '{ "a": }' }, folder.context), 'bad-json');
    });
  });

  describe('what cannot be done is refused with what to do', () => {
    const latin1 = Buffer.from('{"text":"caf\xe9"}\n{"text":"b"}\n', 'latin1');
    beforeEach(
      files({
        'rows.csv': 'text\nx\n',
        'latin1.jsonl': latin1,
        'plain.jsonl': '\n \n{"text":"x"}\n',
        'whence.json': '{"data":{"d":{"path":"plain.jsonl","schema":"text","fields":{"text":"text"}}}}',
      }),
    );

    it('other formats, other encodings, missing files, lines without rows, mappings without a weight', async () => {
      const act = (name: string, line: number, kind: 'quarantine' | 'restore') =>
        makeAct({ kind, rows: [{ uri: folder.uriOf(name), line }], reason: 'r' }, folder.context);
      await refused(act('rows.csv', 1, 'quarantine'), 'not-json-lines');
      await refused(act('latin1.jsonl', 1, 'quarantine'), 'bad-utf8');
      await refused(act('missing.jsonl', 0, 'quarantine'), 'file-not-found');
      await refused(act('plain.jsonl', 1, 'quarantine'), 'no-row');
      await refused(act('plain.jsonl', 2, 'restore'), 'not-in-quarantine');
      const rowsOf = [{ uri: folder.uriOf('plain.jsonl'), line: 2 }];
      await refused(makeAct({ kind: 'downWeight', rows: rowsOf, weight: 0.5 }, folder.context), 'weight-unread');
      await refused(makeAct({ kind: 'downWeight', rows: rowsOf, weight: -1 }, folder.context), 'row-weight');
    });

    it('a document that was read from other bytes than UTF-8 is left alone', async () => {
      folder.open('latin1.jsonl', latin1.toString('utf8'), 1);
      const row = { uri: folder.uriOf('latin1.jsonl'), line: 1 };
      await refused(makeAct({ kind: 'quarantine', rows: [row], reason: 'r' }, folder.context), 'bad-utf8');
    });
  });
});
