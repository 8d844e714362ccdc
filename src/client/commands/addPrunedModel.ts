import path from 'node:path';
import * as vscode from 'vscode';
import type { ReadyContext } from '../context';
import { withPrunedModel } from './withPrunedModel';

/**
 * Adds what was applied to whence.json as a model of its own, beside the one it came from; one undo step.
 *
 * @param of the original's name in whence.json @param folder absolute
 */
export async function addPrunedModel(
  of: string,
  folder: string,
  form: 'adapter' | 'model',
  { language }: ReadyContext,
): Promise<void> {
  const { workspaceFile } = await language.request('whence/state', null);
  if (workspaceFile === null)
    throw new Error(vscode.l10n.t('There is no whence.json. Run “Whence: Set Up Workspace…” first.'));
  const document = await vscode.workspace.openTextDocument(workspaceFile);
  const { name, text } = withPrunedModel(
    document.getText(),
    of,
    path.relative(path.dirname(workspaceFile), folder),
    form,
  );
  const edit = new vscode.WorkspaceEdit();
  const whole = new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length));
  edit.replace(document.uri, whole, text);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error(vscode.l10n.t('whence.json could not be written.'));
  await document.save();
  const editor = await vscode.window.showTextDocument(document);
  const at = document.positionAt(Math.max(0, document.getText().indexOf(JSON.stringify(name))));
  editor.revealRange(new vscode.Range(at, at));
}
