import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { WhenceApi } from '../../../src/client/extension';
import { allRows, rootNodes } from '../../../src/client/views/findings/findingNodes';
import { nodeItem } from '../../../src/client/views/findings/nodeItem';
import type { FindingsView } from '../../../src/protocol/editorFindings';
import { waitFor } from '../support/waitFor';
import { fileOf, traceSample } from './support/traceSample';
import { activatedExtension, showFile } from './support/whence';

describe('findings', () => {
  let whence: WhenceApi;
  let view: FindingsView;

  before(async function () {
    this.timeout(600_000);
    whence = (await activatedExtension()).exports;
    view = await traceSample(whence, 0, []);
  });

  it('open with what the gate says, then groups of rows with their share', () => {
    assert.equal(view.verdict, 'rowsStandOut', view.headline);
    const [headline, ...groups] = rootNodes(view, '');
    assert.equal(headline?.kind, 'headline');
    assert.ok(groups.length > 0 && groups.every(({ kind }) => kind === 'group'));
    assert.ok(view.groups.every(({ share }) => Number.isFinite(share)));
    assert.ok(allRows(view).every(({ traced }) => traced.aboveNull));
    assert.ok(whence.findings.message?.includes(view.prompt.trim()));
  });

  it('every entry has an icon and a label for screen readers; a row opens on Enter', () => {
    const [row] = view.groups[0]!.rows;
    const item = nodeItem({ kind: 'row', row: row!, parent: 'group' }, 1);
    assert.ok(item.iconPath instanceof vscode.ThemeIcon);
    assert.match(item.accessibilityInformation!.label, /rank \d+, .*train\.jsonl:\d+/);
    assert.equal(item.command?.command, 'whence.showRow');
  });

  it('a row of the view opens its line, which holds the row that was traced', async () => {
    const row = allRows(view)[0]!;
    await vscode.commands.executeCommand('whence.showRow', row);
    const editor = vscode.window.activeTextEditor!;
    assert.equal(editor.document.uri.toString(), row.uri);
    assert.equal(editor.selection.active.line, row.line);
    assert.equal(editor.selection.active.character, 0);
    const server = await whence.context.server();
    const { tags } = await server.request('whence/tags', { uri: row.uri!, first: row.line!, last: row.line! + 1 });
    assert.match(tags[0]!.text, new RegExp(`${row.traced.rank}\\b`));
  });

  it('next and previous go through the rows above the null, round the ends of the file', async () => {
    const editor = await showFile('data/train.jsonl');
    const uri = editor.document.uri.toString();
    const own = allRows(view).filter((row) => row.uri === uri && row.line !== null);
    const lines = [...new Set(own.map(({ line }) => line!))].sort((a, b) => a - b);
    editor.selection = new vscode.Selection(lines.at(-1)!, 0, lines.at(-1)!, 0);
    const at = () => vscode.window.activeTextEditor!.selection.active.line;
    await vscode.commands.executeCommand('whence.nextRow');
    assert.equal(at(), lines[0]);
    await vscode.commands.executeCommand('whence.nextRow');
    assert.equal(at(), lines[1]);
    await vscode.commands.executeCommand('whence.previousRow');
    await vscode.commands.executeCommand('whence.previousRow');
    assert.equal(at(), lines.at(-1));
  });

  it('are put in order of kind, and list all rows, when asked', async () => {
    const { findings } = whence.context;
    await vscode.commands.executeCommand('whence.orderByKind');
    await findings.settled();
    const first = findings.view()!.groups[0]!.rows[0]!.traced;
    assert.equal(first.kind?.rank, Math.min(...allRows(findings.view()!).map(({ traced }) => traced.kind!.rank)));
    await vscode.commands.executeCommand('whence.showAllRows');
    await findings.settled();
    assert.ok(allRows(findings.view()!).length > allRows(view).length);
    await vscode.commands.executeCommand('whence.orderByCause');
    await vscode.commands.executeCommand('whence.showRowsAboveNull');
    await findings.settled();
    assert.deepEqual(
      allRows(findings.view()!).map(({ traced }) => traced.rank),
      allRows(view).map(({ traced }) => traced.rank),
    );
  });

  it('a row that is edited is stale at once, and true again when the edit is undone', async () => {
    const row = allRows(view).find(({ line }) => line !== null)!;
    const editor = await showFile('data/train.jsonl');
    const shown = () => allRows(whence.context.findings.view()!).find(({ traced }) => traced.row === row.traced.row)!;
    const text = editor.document.lineAt(row.line!).text;
    const at = text.lastIndexOf('"}');
    await editor.edit((edit) => edit.insert(new vscode.Position(row.line!, at), ' Indeed.'));
    const server = await whence.context.server();
    const { tags } = await server.request('whence/tags', { uri: row.uri!, first: row.line!, last: row.line! + 1 });
    assert.equal(tags[0]?.state, 'stale');
    await waitFor('the row to be stale', () => (shown().state === 'stale' ? true : undefined));
    await vscode.commands.executeCommand('undo');
    await waitFor('the row to be current', () => (shown().state === 'current' ? true : undefined));
  });

  it('what the base does too is a result of its own, with a way to rank all the same', async function () {
    this.timeout(600_000);
    await vscode.workspace.fs.copy(fileOf('queries-base.jsonl'), fileOf('queries.jsonl'), { overwrite: true });
    const base = await traceSample(whence, 0, []);
    assert.equal(base.verdict, 'baseDoesIt', base.headline);
    assert.deepEqual(base.groups, []);
    assert.deepEqual(
      rootNodes(base, '').map(({ kind }) => kind),
      ['headline', 'rankAnyway'],
    );
    await vscode.commands.executeCommand('whence.rankAnyway');
    const ranked = await waitFor('ranked rows', () => {
      const next = whence.context.findings.view();
      return next !== null && next.groups.length > 0 ? next : undefined;
    });
    assert.equal(ranked.active.trace, base.active.trace);
  });

  it('are cleared, and traces are kept', async () => {
    await vscode.commands.executeCommand('whence.clearFindings');
    await waitFor('no finding', () => (whence.context.findings.view() === null ? true : undefined));
    const server = await whence.context.server();
    assert.equal((await server.request('whence/traces', null)).length, 2);
  });
});
