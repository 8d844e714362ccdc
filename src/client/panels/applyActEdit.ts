import * as vscode from 'vscode';
import type { ActEdit } from '../../protocol/editor';

interface TextChange {
  readonly range: { readonly start: vscode.Position; readonly end: vscode.Position };
  readonly newText: string;
}

/** Applies what an act changes as one undo step. @throws Error where the editor refuses the change */
export async function applyActEdit({ edit }: ActEdit): Promise<void> {
  const changes = new vscode.WorkspaceEdit();
  const { documentChanges, changes: byFile } = edit as {
    readonly documentChanges?: readonly DocumentChange[];
    readonly changes?: Readonly<Record<string, readonly TextChange[]>>;
  };
  for (const [uri, texts] of Object.entries(byFile ?? {})) changes.set(vscode.Uri.parse(uri), texts.map(textEdit));
  for (const change of documentChanges ?? []) {
    if (change.kind === 'create') {
      changes.createFile(vscode.Uri.parse(change.uri), { ignoreIfExists: true });
    } else {
      changes.set(vscode.Uri.parse(change.textDocument.uri), change.edits.map(textEdit));
    }
  }
  if (await vscode.workspace.applyEdit(changes)) return;
  throw new Error(vscode.l10n.t('The editor refused the change. Save the files and do it again.'));
}

type DocumentChange =
  | { readonly kind: 'create'; readonly uri: string }
  | {
      readonly kind?: undefined;
      readonly textDocument: { readonly uri: string };
      readonly edits: readonly TextChange[];
    };

function textEdit({ range, newText }: TextChange): vscode.TextEdit {
  const at = ({ line, character }: vscode.Position) => new vscode.Position(line, character);
  return new vscode.TextEdit(new vscode.Range(at(range.start), at(range.end)), newText);
}
