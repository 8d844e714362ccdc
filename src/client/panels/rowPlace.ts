import path from 'node:path';
import * as vscode from 'vscode';
import type { FindingRow, TraceRecord } from '../../protocol/editorFindings';
import type { RowReference } from '../../protocol/editorJobs';
import type { PanelRow } from '../../protocol/panels';
import type { ReadyContext } from '../context';
import { isLargeFile } from '../largeFile/largeViews';

/**
 * Where traced rows stand now. The active finding is asked of the server, which follows edits; of another trace the
 * lines are those of the time when it was traced.
 *
 * @throws Error where a row is in no text file of the workspace
 */
export async function rowPlaces(
  record: TraceRecord,
  rows: readonly PanelRow[],
  { language }: ReadyContext,
): Promise<readonly RowReference[]> {
  const findings = await language.request('whence/findings', { order: 'cause', rows: 'all' });
  const known = new Map<string, RowReference>();
  if (findings !== null && findings.active.trace === record.id) {
    for (const row of findings.groups.flatMap(({ rows: listed }) => listed.flatMap(withDuplicates))) {
      if (row.uri !== null && row.line !== null) known.set(keyOf(row.traced), { uri: row.uri, line: row.line });
    }
  }
  const { workspaceFile } = await language.request('whence/state', null);
  const folder =
    workspaceFile === null ? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath : path.dirname(workspaceFile);
  const traced = new Map(record.documents[0]?.queries[0]?.rows.map((row) => [keyOf(row), row]));
  return rows.map((row) => {
    const now = known.get(keyOf(row));
    if (now !== undefined) return now;
    const line = traced.get(keyOf(row))?.line ?? row.row + 1;
    if (folder === undefined && !path.isAbsolute(row.file)) {
      throw new Error(vscode.l10n.t('{0} is in no folder of the workspace.', row.file));
    }
    const file = path.isAbsolute(row.file) ? row.file : path.resolve(folder ?? '', row.file);
    return { uri: vscode.Uri.file(file).toString(), line: line - 1 };
  });
}

/** Shows a row in the editor, beside the panel. */
export async function showRow({ uri, line }: RowReference): Promise<void> {
  const target = vscode.Uri.parse(uri);
  if (await isLargeFile(target)) {
    await vscode.commands.executeCommand('whence.showRow', { uri, line });
    return;
  }
  const beside = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === target.toString());
  const column = beside?.viewColumn ?? vscode.ViewColumn.One;
  const at = new vscode.Range(line, 0, line, 0);
  await vscode.window.showTextDocument(target, { viewColumn: column, selection: at, preview: false });
}

function withDuplicates(row: FindingRow): readonly FindingRow[] {
  return [row, ...row.duplicates];
}

function keyOf({ file, row }: PanelRow): string {
  return `${file}#${row}`;
}
