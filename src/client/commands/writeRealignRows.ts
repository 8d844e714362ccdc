import path from 'node:path';
import * as vscode from 'vscode';
import type { FindingGroup } from '../../protocol/editorFindings';
import { targetRows } from './actsTarget';

/** Writes the rows of a group to a new file as one undo step. @returns its path, relative to the root */
export async function writeRealignRows(group: FindingGroup, root: string): Promise<string> {
  const lines: string[] = [];
  for (const { uri, line } of targetRows([group])) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    if (line < document.lineCount) lines.push(document.lineAt(line).text);
  }
  const file = await freeFile(root);
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(file, { contents: Buffer.from(`${lines.join('\n')}\n`), overwrite: false, ignoreIfExists: false });
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error(vscode.l10n.t('{0} could not be written.', file.fsPath));
  return path.relative(root, file.fsPath);
}

async function freeFile(root: string): Promise<vscode.Uri> {
  for (let n = 1; ; n++) {
    const uri = vscode.Uri.file(path.join(root, n === 1 ? 'realign-rows.jsonl' : `realign-rows-${n}.jsonl`));
    try {
      await vscode.workspace.fs.stat(uri);
    } catch (error) {
      if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return uri;
      throw error;
    }
  }
}
