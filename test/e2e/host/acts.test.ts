import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { LanguageServer } from '../../../src/client/context';
import type { FindingsView } from '../../../src/protocol/editorFindings';
import type { EditorJob, JobView } from '../../../src/protocol/editorJobs';
import { waitFor } from '../support/waitFor';
import { childProcessesOf } from './support/childProcesses';
import { activatedExtension, showFile } from './support/whence';

describe('acts on rows, after a real trace', () => {
  let server: LanguageServer;
  let editor: vscode.TextEditor;
  let file: string;
  let kept: string;
  let original: string;
  let trace: string;
  let findings: FindingsView;

  const jobOf = async (id: string): Promise<JobView> =>
    (await server.request('whence/jobs', null)).find((job) => job.id === id)!;
  const start = async (job: EditorJob): Promise<string> => (await server.request('whence/startJob', job)).id;
  const ended = (id: string): Promise<JobView> =>
    waitFor(
      `the job ${id} to end`,
      async () => {
        const job = await jobOf(id);
        return job.state === 'running' || job.state === 'queued' ? undefined : job;
      },
      300_000,
    );
  const uri = (): string => editor.document.uri.toString();
  const text = (): string => editor.document.getText();
  const saved = async (): Promise<void> => {
    await vscode.workspace.saveAll();
  };
  const tagsOf = async (line: number) =>
    (await server.request('whence/tags', { uri: uri(), first: line, last: line + 1 })).tags;

  before(async function () {
    this.timeout(400_000);
    const { exports } = await activatedExtension();
    editor = await showFile('data/train.jsonl');
    file = editor.document.uri.fsPath;
    kept = path.join(path.dirname(file), 'train.quarantine.jsonl');
    original = readFileSync(file, 'utf8');
    server = await exports.context.server();
    const queries = vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0]!.uri, 'queries.jsonl');
    const behaviour = { kind: 'queryLine', uri: queries.toString(), line: 0 } as const;
    const id = await start({ kind: 'trace', model: null, behaviour, methods: [], rank: 'always' });
    const job = await ended(id);
    assert.equal(job.state, 'done', JSON.stringify(job.error));
    const result = await server.request('whence/jobResult', { id });
    assert.ok(result?.kind === 'trace');
    trace = result.trace;
    await server.request('whence/activate', { trace, query: 0, method: 'auto' });
    findings = (await server.request('whence/findings', { order: 'cause', rows: 'all' }))!;
  });

  /** Runs a command that asks for something, and takes what it proposes. */
  async function accepting(command: string, ...given: readonly unknown[]): Promise<void> {
    let over = false;
    const running = Promise.resolve(vscode.commands.executeCommand(command, ...given)).then(() => {
      over = true;
    });
    await waitFor(`${command} to end`, async () => {
      if (!over) await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return over ? true : undefined;
    });
    await running;
  }

  it('a group is quarantined with one step of undo: the same bytes again', async () => {
    const group = [...findings.groups].sort((a, b) => b.rows.length - a.rows.length)[0]!;
    const rows = group.rows.flatMap((row) => [row, ...row.duplicates]).filter(({ state }) => state === 'current');
    await accepting('whence.quarantine', { kind: 'group', group, rows: group.rows });
    const quarantined = await waitFor('the quarantine file', () =>
      existsSync(kept) && readFileSync(kept, 'utf8').trim() !== '' ? readFileSync(kept, 'utf8') : undefined,
    );
    const count = new Set(rows.map(({ line }) => line)).size;
    assert.equal(quarantined.trim().split('\n').length, count);
    assert.match(quarantined, /"whence\.quarantine":\{"reason":"influence on: /);
    assert.equal(text().trim().split('\n').length, original.trim().split('\n').length - count);
    await vscode.window.showTextDocument(editor.document);
    await vscode.commands.executeCommand('undo');
    await waitFor('the rows to be back', () => (text() === original ? true : undefined));
    await saved();
    assert.ok(readFileSync(file, 'utf8') === original, 'the file on disk');
    assert.ok(!existsSync(kept) || readFileSync(kept, 'utf8') === '', 'nothing is left in quarantine');
  });

  it('a code action on a row carries its edit, and restoring brings the row back', async () => {
    const range = new vscode.Range(2, 0, 2, 0);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      editor.document.uri,
      range,
      vscode.CodeActionKind.Refactor.value,
      50,
    );
    const action = actions.find(({ title }) => title === 'Quarantine this row');
    assert.ok(action?.edit, actions.map(({ title }) => title).join(', '));
    assert.ok(await vscode.workspace.applyEdit(action.edit));
    const line = original.split('\n')[2]!;
    assert.ok(!text().includes(line));
    await saved();
    const page = await vscode.workspace.openTextDocument(kept);
    await vscode.commands.executeCommand('whence.restoreRow', { uri: page.uri.toString(), line: 0 });
    await waitFor('the row to be back', () => (text() === original ? true : undefined));
    await saved();
  });

  it('the hover says what the finding says of the row', async () => {
    const top = findings.groups.flatMap(({ rows }) => rows).sort((a, b) => a.traced.rank - b.traced.rank)[0]!;
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      editor.document.uri,
      new vscode.Position(top.line!, 5),
    );
    const told = hovers.flatMap(({ contents }) =>
      contents.map((part) => (typeof part === 'string' ? part : part.value)),
    );
    assert.match(told.join('\n'), /\*\*promotes\*\*[\s\S]*rank \*\*1\*\*[\s\S]*By other methods: bm25 #\d+/);
  });

  it('a row is edited on a page: its tag is stale at once, and fresh once the changed row alone was traced again', async function () {
    this.timeout(400_000);
    const line = findings.groups[0]!.rows.find(({ state }) => state === 'current')!.line!;
    await vscode.commands.executeCommand('whence.editRow', { uri: uri(), line });
    const page = await waitFor('the page', () =>
      vscode.window.activeTextEditor?.document.uri.scheme === 'whence-row' ? vscode.window.activeTextEditor : undefined,
    );
    const at = page.document.getText().lastIndexOf('"content"');
    const place = page.document.positionAt(page.document.getText().indexOf('"', at + 10) + 1);
    await page.edit((edit) => edit.insert(place, 'Well then. '));
    assert.ok(await page.document.save());
    await waitFor('the row to change', () => (text().split('\n')[line]!.includes('Well then. ') ? true : undefined));
    const [tag] = await tagsOf(line);
    assert.deepEqual([tag?.state, tag?.text.startsWith('~')], ['stale', true]);
    await saved();
    const id = await start({ kind: 'retrace', trace, methods: [], rank: 'always' });
    const job = await ended(id);
    assert.equal(job.state, 'done', JSON.stringify(job.error));
    assert.match(job.cost ?? '', /^1 rows to compute/);
    assert.equal((await tagsOf(line))[0]?.state, 'current');
  });

  it('a verdict is kept when the server ends and comes back', async function () {
    if (process.platform !== 'linux') this.skip();
    const row = { uri: uri(), line: 4 };
    await vscode.commands.executeCommand('whence.markRelevant', row);
    assert.equal((await server.request('whence/dossier', row))?.verdict, 'relevant');
    const { extensionPath } = await activatedExtension();
    const serverOf = () =>
      childProcessesOf(path.join(extensionPath, 'dist')).find(({ command }) => command.includes('server.mjs'));
    const old = serverOf()!.processId;
    process.kill(old, 'SIGKILL');
    const began = Date.now();
    await waitFor('another server', () => {
      const found = serverOf();
      return found !== undefined && found.processId !== old ? found : undefined;
    });
    const verdict = await waitFor('the verdict', async () => {
      try {
        return (await server.request('whence/dossier', row))?.verdict;
      } catch {
        // The connection is being made again.
        return undefined;
      }
    });
    assert.equal(verdict, 'relevant');
    assert.ok(Date.now() - began < 20_000, `back after ${Date.now() - began} ms`);
    // It can be taken back, by the selection as by a row.
    await vscode.commands.executeCommand('whence.clearVerdict', row);
    assert.equal((await server.request('whence/dossier', row))?.verdict, 'none');
    await vscode.commands.executeCommand('whence.markNotRelevant', row);
    editor = await vscode.window.showTextDocument(editor.document);
    editor.selection = new vscode.Selection(row.line, 0, row.line, 0);
    await vscode.commands.executeCommand('whence.clearVerdict');
    assert.equal((await server.request('whence/dossier', row))?.verdict, 'none');
  });

  it('an engine that is killed is started again, the job ends well, and the next one too', async function () {
    if (process.platform !== 'linux') this.skip();
    this.timeout(400_000);
    const { extensionPath } = await activatedExtension();
    const engineOf = () =>
      childProcessesOf(path.join(extensionPath, 'dist')).find(({ command }) => command.includes('engine.mjs'));
    const behaviour = {
      kind: 'text',
      prompt: { kind: 'text', text: 'Where are the nails?' },
      completion: 'In aisle 4.',
      rejected: null,
      measurement: null,
    } as const;
    const id = await start({ kind: 'trace', model: null, behaviour, methods: [], rank: 'always' });
    const engine = await waitFor('the engine', engineOf);
    process.kill(engine.processId, 'SIGKILL');
    const began = Date.now();
    await waitFor('another engine', () => {
      const found = engineOf();
      return found !== undefined && found.processId !== engine.processId ? found : undefined;
    });
    const back = Date.now() - began;
    assert.equal((await ended(id)).state, 'done');
    assert.equal((await ended(await start({ kind: 'retrace', trace, methods: [], rank: 'always' }))).state, 'done');
    assert.ok(back < 10_000, `another engine after ${back} ms`);
  });
});
