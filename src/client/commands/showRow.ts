import * as vscode from 'vscode';
import type { FindingRow } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';
import type { Context } from '../context';
import { isLargeFile } from '../largeFile/largeViews';
import { allRows } from '../views/findings/findingNodes';

/** Opens a row of the Findings view where it stands now. */
export async function showRow(context: Context, given: unknown): Promise<void> {
  const { uri, line } = given as Pick<FindingRow, 'uri' | 'line'>;
  if (uri === null || line === null) {
    void vscode.window.showInformationMessage(vscode.l10n.t('That row is no longer in the file.'));
    return;
  }
  await selectLine(vscode.Uri.parse(uri), line, context);
}

export async function nextRow(context: Context): Promise<void> {
  await step(context, 'forwards');
}

export async function previousRow(context: Context): Promise<void> {
  await step(context, 'backwards');
}

/** From the cursor to the nearest row of the finding, round the end of the file. */
async function step(context: Context, direction: 'forwards' | 'backwards'): Promise<void> {
  const view = context.findings.view();
  if (view === null) return;
  const rows = allRows(view).filter(({ uri, line }) => uri !== null && line !== null);
  const at = cursorRow(context);
  const lines = [...new Set(rows.filter(({ uri }) => uri === at?.uri).map(({ line }) => line!))].sort((a, b) => a - b);
  if (at === undefined || lines.length === 0) {
    // Not in a file of the finding: its first row is where one begins.
    const [first] = rows;
    if (first !== undefined) await selectLine(vscode.Uri.parse(first.uri!), first.line!, context);
    return;
  }
  const next =
    direction === 'forwards'
      ? (lines.find((line) => line > at.line) ?? lines[0])
      : (lines.findLast((line) => line < at.line) ?? lines.at(-1));
  await selectLine(vscode.Uri.parse(at.uri), next!, context);
}

/** The row at the cursor, in a text editor or in the view of a large file. */
function cursorRow({ largeViews }: Context): RowReference | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return largeViews.selected();
  return { uri: editor.document.uri.toString(), line: editor.selection.active.line };
}

/** Rows are long: the cursor stays at the beginning of the line, so that the view does not jump to its end. */
async function selectLine(uri: vscode.Uri, line: number, { largeViews }: Context): Promise<void> {
  if (await isLargeFile(uri)) {
    await largeViews.show(uri, line);
    return;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: true });
  const { range } = document.lineAt(Math.min(line, document.lineCount - 1));
  editor.selection = new vscode.Selection(range.end, range.start);
  const start = new vscode.Range(range.start, range.start);
  editor.revealRange(start, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
