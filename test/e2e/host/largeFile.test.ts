import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { waitFor } from '../support/waitFor';
import { activatedExtension } from './support/whence';

/** Beyond what the editor makes a document of. */
const bytes = 60 * 2 ** 20;

describe('a file beyond 50 MB', () => {
  let file: string;
  let rows = 0;

  before(() => {
    file = path.join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, 'data', 'large.jsonl');
    const handle = openSync(file, 'w');
    for (let written = 0; written < bytes; ) {
      const block = Array.from({ length: 1000 }, () => `{"id":${rows++},"text":"${'long '.repeat(200)}"}\n`).join('');
      written += writeSync(handle, block);
    }
    closeSync(handle);
  });
  after(() => rmSync(file, { force: true }));

  it('opens as rows: any row by number, texts found, all counted', async () => {
    const { exports } = await activatedExtension();
    const uri = vscode.Uri.file(file);
    await vscode.commands.executeCommand('vscode.openWith', uri, 'whence.largeFile');
    await waitFor('the tab of the view', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputCustom && input.viewType === 'whence.largeFile' ? input : undefined;
    });
    const server = await exports.context.server();
    const ask = (first: number) =>
      server.request('whence/largeRows', { uri: uri.toString(), first, last: first + 10, characters: 40 });
    assert.match((await ask(0)).texts[0]!, /^\{"id":0,/);
    const last = await ask(rows - 1);
    assert.match(last.texts[0]!, new RegExp(`^\\{"id":${rows - 1},`));
    const all = await waitFor('all rows to be counted', async () => {
      const answer = await ask(0);
      return answer.complete === 'yes' ? answer : undefined;
    });
    assert.equal(all.lines, rows);
    const found = await server.request('whence/largeFind', { uri: uri.toString(), text: '"id":54321,', from: 0 });
    assert.equal(found.line, 54_321);
  });

  it('its rows cannot be moved, and the refusal says what to do', async () => {
    const { exports } = await activatedExtension();
    const server = await exports.context.server();
    const row = { uri: vscode.Uri.file(file).toString(), line: 3 };
    await assert.rejects(
      server.request('whence/act', { kind: 'quarantine', rows: [row], reason: 'r' }),
      /large\.jsonl has \d+ MB.*50 MB.*Split it/s,
    );
    await server.request('whence/verdict', { row, verdict: 'relevant' });
  });
});
