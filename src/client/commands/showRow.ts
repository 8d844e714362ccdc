import * as vscode from 'vscode';
import type { FindingRow } from '../../protocol/editor';
import type { Context } from '../context';
import { allRows } from '../views/findings/findingNodes';

/** Opens a row of the Findings view where it stands now. */
export async function showRow(_: Context, given: unknown): Promise<void> {
  const { uri, line } = given as Pick<FindingRow, 'uri' | 'line'>;
  if (uri === null || line === null) {
    void vscode.window.showInformationMessage(vscode.l10n.t('That row is no longer in the file.'));
    return;
  }
  await selectLine(vscode.Uri.parse(uri), line);
}

export async function nextRow(context: Context): Promise<void> {
  await step(context, 'forwards');
}

export async function previousRow(context: Context): Promise<void> {
  await step(context, 'backwards');
}

/** From the cursor to the nearest row of the finding, round the end of the file. */
async function step({ findings }: Context, direction: 'forwards' | 'backwards'): Promise<void> {
  const view = findings.view();
  if (view === null) return;
  const rows = allRows(view).filter(({ uri, line }) => uri !== null && line !== null);
  const editor = vscode.window.activeTextEditor;
  const file = editor?.document.uri.toString();
  const lines = [...new Set(rows.filter(({ uri }) => uri === file).map(({ line }) => line!))].sort((a, b) => a - b);
  if (editor === undefined || lines.length === 0) {
    // Not in a file of the finding: its first row is where one begins.
    const [first] = rows;
    if (first !== undefined) await selectLine(vscode.Uri.parse(first.uri!), first.line!);
    return;
  }
  const at = editor.selection.active.line;
  const next =
    direction === 'forwards'
      ? (lines.find((line) => line > at) ?? lines[0])
      : (lines.findLast((line) => line < at) ?? lines.at(-1));
  await selectLine(editor.document.uri, next!);
}

/** Rows are long: the cursor stays at the beginning of the line, so that the view does not jump to its end. */
async function selectLine(uri: vscode.Uri, line: number): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: true });
  const { range } = document.lineAt(Math.min(line, document.lineCount - 1));
  editor.selection = new vscode.Selection(range.end, range.start);
  const start = new vscode.Range(range.start, range.start);
  editor.revealRange(start, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
