import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { WhenceApi } from '../../../../src/client/extension';
import { waitFor } from '../../support/waitFor';

export const extensionId = 'whence.whence';

/** The extension, once the workbench has activated it by itself: nobody asked it to. */
export async function activatedExtension(): Promise<vscode.Extension<WhenceApi>> {
  const extension = vscode.extensions.getExtension<WhenceApi>(extensionId);
  assert.ok(extension, `${extensionId} is not installed`);
  return waitFor('the extension to be activated', () => (extension.isActive ? extension : undefined));
}

/** Shows a file of the workspace in an editor. */
export async function showFile(relativePath: string): Promise<vscode.TextEditor> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder);
  return vscode.window.showTextDocument(vscode.Uri.joinPath(folder.uri, relativePath));
}
