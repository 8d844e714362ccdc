import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { waitFor } from '../support/waitFor';
import { fileOf } from './support/traceSample';
import { activatedExtension } from './support/whence';

const readText = async (uri: vscode.Uri): Promise<string> =>
  Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
const isThere = async (uri: vscode.Uri): Promise<true | undefined> => {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return undefined;
  }
};

describe('setting up a workspace', () => {
  const file = (): vscode.Uri => fileOf('whence.json');

  it('leaves a whence.json that is there as it is', async () => {
    await activatedExtension();
    const before = await readText(file());
    await vscode.commands.executeCommand('whence.setUpWorkspace');
    assert.equal(await readText(file()), before);
    assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), file().toString());
  });

  it('writes one from what the folder holds: model, adapter with its base, data', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.workspace.fs.delete(file());
    const { exports } = await activatedExtension();
    await waitFor('the server to see that it is gone', () =>
      exports.context.state()?.workspaceFile === null ? true : undefined,
    );
    void vscode.commands.executeCommand('whence.setUpWorkspace');
    await waitFor('whence.json', async () => {
      // The list opens once the folder was searched; before, there is nothing to accept.
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return isThere(file());
    });
    const state = await waitFor('the server to read it', () => {
      const now = exports.context.state();
      return now !== undefined && now.models.length > 0 ? now : undefined;
    });
    assert.deepEqual(state.problems, []);
    const bases = new Set(state.models.map(({ name }) => name));
    assert.ok(
      state.models.some(({ base }) => base !== null && bases.has(base)),
      JSON.stringify(state.models),
    );
    assert.ok(state.data.some(({ uri }) => uri.endsWith('train.jsonl')));
  });
});
