import * as vscode from 'vscode';
import type { Context } from '../context';

/** The walkthrough: from the sample to a verified finding. */
export async function openWalkthrough({ extension }: Context): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', `${extension.extension.id}#start`, false);
}

/** Copies the sample workspace to a folder of the user's choice and opens it there: the installed one stays as it is. */
export async function openSample({ extension }: Context): Promise<void> {
  const sample = vscode.Uri.joinPath(extension.extensionUri, 'samples', 'assistant');
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    title: vscode.l10n.t('Where shall the sample be put?'),
    openLabel: vscode.l10n.t('Put It Here'),
  });
  const [parent] = chosen ?? [];
  if (parent === undefined) return;
  const copy = vscode.Uri.joinPath(parent, 'whence-sample');
  await vscode.workspace.fs.copy(sample, copy, { overwrite: false });
  await vscode.commands.executeCommand('vscode.openFolder', copy, { forceNewWindow: false });
}
