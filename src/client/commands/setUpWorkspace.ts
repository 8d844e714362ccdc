import * as vscode from 'vscode';
import type { ReadyContext } from '../context';

/** Looks what models, adapters, data and runs the folder holds and proposes a whence.json. Nothing is ever overwritten. */
export async function setUpWorkspace({ language }: ReadyContext): Promise<void> {
  const folder = await chooseFolder();
  if (folder === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open the folder that holds your models and data first.'));
    return;
  }
  const file = vscode.Uri.joinPath(folder.uri, 'whence.json');
  if (await exists(file)) {
    await vscode.window.showTextDocument(file);
    void vscode.window.showInformationMessage(vscode.l10n.t('There is a whence.json already; it is left as it is.'));
    return;
  }
  const { text, found } = await language.request('whence/discover', { folder: folder.uri.fsPath });
  const write = { label: `$(check) ${vscode.l10n.t('Write whence.json')}`, detail: foundText(found) };
  const look = {
    label: `$(preview) ${vscode.l10n.t('Look at it first')}`,
    detail: vscode.l10n.t('It opens unsaved; saving it writes the file.'),
  };
  const placeHolder = vscode.l10n.t('Found in {0}', folder.name);
  const chosen = await vscode.window.showQuickPick([write, look], { title: foundText(found), placeHolder });
  if (chosen === undefined) return;
  const edit = new vscode.WorkspaceEdit();
  if (chosen === write) {
    // One undo step takes the file away again.
    edit.createFile(file, { contents: Buffer.from(text), overwrite: false, ignoreIfExists: false });
    if (!(await vscode.workspace.applyEdit(edit))) throw new Error(vscode.l10n.t('whence.json could not be written.'));
    await vscode.window.showTextDocument(file);
    return;
  }
  const unsaved = await vscode.workspace.openTextDocument(file.with({ scheme: 'untitled' }));
  edit.insert(unsaved.uri, new vscode.Position(0, 0), text);
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(unsaved);
}

function foundText(found: readonly string[]): string {
  return found.length === 0
    ? vscode.l10n.t('no models and no data were found: a file to fill in')
    : vscode.l10n.t('found: {0}', found.join(', '));
}

async function chooseFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length < 2 ? folders[0] : vscode.window.showWorkspaceFolderPick();
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}
