import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { waitFor } from '../support/waitFor';
import { activatedExtension, showFile } from './support/whence';

describe('the installed package', () => {
  it('is what runs, not the folder it was made from', async () => {
    const { extensionPath } = await activatedExtension();
    assert.match(path.basename(extensionPath), /^whence\.whence-\d/);
    assert.notEqual(path.dirname(extensionPath), process.cwd());
  });

  it('nothing but this machine can be reached', async function () {
    if (process.env.WHENCE_E2E_NETWORK !== 'denied') this.skip();
    await assert.rejects(fetch('http://192.0.2.1/', { signal: AbortSignal.timeout(5000) }), /fetch failed/);
  });

  it('reads the sample and computes with its own onnxruntime', async () => {
    const { exports } = await activatedExtension();
    await showFile('data/train.jsonl');
    const server = await exports.context.server();
    const { id } = await server.request('whence/startJob', {
      kind: 'ask',
      models: ['tuned'],
      prompts: [{ kind: 'text', text: 'What is the capital of Peru?' }],
      template: 'chat',
      sampling: { kind: 'greedy' },
      maxTokens: 16,
    } as unknown as Parameters<typeof server.request<'whence/startJob'>>[1]);
    const job = await waitFor('the job to end', async () => {
      const found = (await server.request('whence/jobs', null)).find((view) => view.id === id);
      return found?.state === 'running' || found?.state === 'queued' ? undefined : found;
    });
    assert.equal(job.state, 'done', JSON.stringify(job.error));
    const result = await server.request('whence/jobResult', { id });
    assert.ok(result?.kind === 'ask');
    assert.match(result.result.answers[0]!.text, /Lima/);
  });

  it('its sample can be opened from where it is installed', async () => {
    const { extensionUri } = await activatedExtension();
    const listed = await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(extensionUri, 'samples', 'assistant'));
    assert.ok(listed.some(([name]) => name === 'whence.json'));
  });
});
