import * as vscode from 'vscode';
import type { Context } from '../context';

/** Above these the editor shows no code lenses: characters, lines. */
const lensLimits = { characters: 20 * 2 ** 20, lines: 300_000 };

/** Says what a code lens would say, where the editor has turned lenses off: a status item and an action in the title. */
export function showLargeDocument({ extension }: Context): void {
  const item = vscode.window.createStatusBarItem('whence.largeDocument', vscode.StatusBarAlignment.Right, 90);
  item.name = vscode.l10n.t('Whence: rows of a large file');
  item.command = 'whence.trace';
  const look = (editor: vscode.TextEditor | undefined): void => {
    const large = editor !== undefined && editor.document.languageId === 'jsonl' && isLarge(editor.document);
    void vscode.commands.executeCommand('setContext', 'whence.lensesOff', large);
    if (!large) {
      item.hide();
      return;
    }
    const rows = editor.document.lineCount.toLocaleString(vscode.env.language);
    item.text = `$(list-ordered) ${vscode.l10n.t('{0} lines · Trace…', rows)}`;
    item.tooltip = vscode.l10n.t('The file is too large for code lenses. Click to trace a behaviour to its rows.');
    item.show();
  };
  extension.subscriptions.push(item, vscode.window.onDidChangeActiveTextEditor(look));
  look(vscode.window.activeTextEditor);
}

function isLarge(document: vscode.TextDocument): boolean {
  const { lineCount } = document;
  // The offset of the end is known without joining the text.
  return (
    lineCount > lensLimits.lines || document.offsetAt(document.lineAt(lineCount - 1).range.end) > lensLimits.characters
  );
}
