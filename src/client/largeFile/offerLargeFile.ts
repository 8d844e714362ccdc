import * as vscode from 'vscode';
import type { Context } from '../context';
import { largeFileViewType, mostDocumentBytes } from './largeViews';

/**
 * Offers the view of rows for a data file that is opened as text and too large for marks; once a file. Tabs are looked
 * at, not documents: a file that the editor asks about before it shows it, or keeps from extensions, has a tab all the same.
 */
export function offerLargeFiles({ extension, settings, output }: Context): void {
  const offered = new Set<string>();
  const offer = async (uri: vscode.Uri): Promise<void> => {
    const key = uri.toString();
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size <= mostDocumentBytes || settings().notifications === 'none') return;
    if (offered.has(key)) return;
    offered.add(key);
    const show = vscode.l10n.t('Open as Rows');
    const text = vscode.l10n.t(
      '{0} has {1} MB: too large for marks in the text. It can be opened as rows, read-only.',
      uri.path.split('/').at(-1) ?? '',
      Math.round(size / 1e6),
    );
    if ((await vscode.window.showInformationMessage(text, show)) === show)
      await vscode.commands.executeCommand('vscode.openWith', uri, largeFileViewType);
  };
  // A group that opens is told as a whole, without its tabs as such: so all are looked at, whatever has changed.
  const look = (): void => {
    for (const { input } of vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs))
      if (input instanceof vscode.TabInputText && isData(input.uri))
        offer(input.uri).catch((error) => output.warn(String(error)));
  };
  const { onDidChangeTabs, onDidChangeTabGroups } = vscode.window.tabGroups;
  extension.subscriptions.push(
    onDidChangeTabs(({ opened }) => {
      if (opened.length > 0) look();
    }),
    onDidChangeTabGroups(look),
  );
  look();
}

function isData({ scheme, path }: vscode.Uri): boolean {
  return scheme === 'file' && /\.(?:jsonl|ndjson)$/i.test(path);
}
