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
      const { uri, version } = change.textDocument;
      const open = vscode.workspace.textDocuments.find(
        (document) => document.uri.toString() === vscode.Uri.parse(uri).toString(),
      );
      // An edit that was made of another text would change other rows.
      if (version !== null && open?.version !== version) throw changedMeanwhile();
      changes.set(vscode.Uri.parse(uri), change.edits.map(textEdit));
    }
  }
  // Several files are saved with it, as after any refactoring (`files.refactoring.autoSave`): none is left behind.
  if (await vscode.workspace.applyEdit(changes, { isRefactoring: true })) return;
  throw new Error(vscode.l10n.t('The editor refused the change. Save the files and do it again.'));
}

function changedMeanwhile(): Error {
  return new Error(vscode.l10n.t('The file was changed in the meantime, so nothing was done. Do it again.'));
}

type DocumentChange =
  | { readonly kind: 'create'; readonly uri: string }
  | {
      readonly kind?: undefined;
      readonly textDocument: { readonly uri: string; readonly version: number | null };
      readonly edits: readonly TextChange[];
    };

function textEdit({ range, newText }: TextChange): vscode.TextEdit {
  const at = ({ line, character }: vscode.Position) => new vscode.Position(line, character);
  return new vscode.TextEdit(new vscode.Range(at(range.start), at(range.end)), newText);
}
