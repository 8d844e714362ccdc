import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { waitFor } from '../support/waitFor';
import { childProcessesOf } from './support/childProcesses';
import { activatedExtension, showFile } from './support/whence';

describe('a workspace that is not trusted', () => {
  it('is read: models, data and rows', async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    const { exports } = await activatedExtension();
    const { document } = await showFile('data/train.jsonl');
    const state = await waitFor('the state of the workspace', () => exports.context.state());
    assert.equal(state.trust, 'restricted');
    assert.ok(state.models.length > 0);
    const server = await exports.context.server();
    const tags = await server.request('whence/tags', { uri: document.uri.toString(), first: 0, last: 20 });
    assert.equal(tags.version, document.version);
  });

  it('shows a trace that was kept: its tags and hovers, and verdicts can be given', async () => {
    const { exports } = await activatedExtension();
    const server = await exports.context.server();
    const { document } = await showFile('data/train.jsonl');
    const [kept, ...others] = await server.request('whence/traces', null);
    assert.ok(kept !== undefined && others.length === 0);
    await vscode.commands.executeCommand('whence.showTrace', kept.id);
    const view = await waitFor('the finding', () => exports.context.findings.view() ?? undefined);
    assert.equal(view.active.trace, kept.id);
    const uri = document.uri.toString();
    const { tags } = await server.request('whence/tags', { uri, first: 0, last: document.lineCount });
    const first = tags.find(({ text }) => /▲≈? *1 /.test(text));
    assert.ok(first !== undefined && first.state === 'current', JSON.stringify(tags.slice(0, 5)));
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(first.line, 0),
    );
    const text = hovers.flatMap(({ contents }) => contents.map((one) => (typeof one === 'string' ? one : one.value)));
    assert.match(text.join('\n'), /rank \*\*1\*\*/);
    const row = { uri, line: first.line };
    await vscode.commands.executeCommand('whence.markRelevant', row);
    assert.equal((await server.request('whence/dossier', row))?.verdict, 'relevant');
  });

  it('runs nothing: every kind of job is refused with what to do', async () => {
    const { exports, extensionPath } = await activatedExtension();
    const server = await exports.context.server();
    const jobs = [
      { kind: 'index', model: null },
      { kind: 'test', ids: null, models: null },
      { kind: 'trace', model: null, behaviour: { kind: 'workspaceQueries' }, methods: [], rank: 'whenBaseDoesNot' },
      {
        kind: 'ask',
        models: ['tuned'],
        prompts: [{ kind: 'text', text: 'Hello' }],
        template: 'chat',
        sampling: { kind: 'greedy' },
        maxTokens: 4,
      },
    ] as const;
    for (const job of jobs)
      await assert.rejects(
        server.request('whence/startJob', job as unknown as Parameters<typeof server.request<'whence/startJob'>>[1]),
        /not trusted[\s\S]*Manage Workspace Trust/,
        job.kind,
      );
    assert.deepEqual(await server.request('whence/jobs', null), []);
    const engines = childProcessesOf(path.join(extensionPath, 'dist')).filter(({ command }) =>
      command.includes('engine'),
    );
    assert.deepEqual(engines, []);
  });
});
