import type { CreateFile, TextEdit as LspEdit, TextDocumentEdit, WorkspaceEdit } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { TextEdit } from '../../data/edits/textEdit';
import type { OpenText } from './openText';

/** What becomes of one file. */
export interface FileEdits {
  readonly target: OpenText;
  readonly edits: readonly TextEdit[];
}

/** Edits of several files as one step of the editor; files that are missing are made. */
export function workspaceEdit(files: readonly FileEdits[]): WorkspaceEdit {
  const documentChanges: (TextDocumentEdit | CreateFile)[] = [];
  for (const { target, edits } of files) {
    if (edits.length === 0) continue;
    const { uri, version, state } = target;
    if (state === 'missing') documentChanges.push({ kind: 'create', uri, options: { ignoreIfExists: true } });
    documentChanges.push({ textDocument: { uri, version }, edits: lspEdits(target.text, edits) });
  }
  return { documentChanges };
}

function lspEdits(text: string, edits: readonly TextEdit[]): LspEdit[] {
  const document = TextDocument.create('', '', 0, text);
  return edits.map(({ offset, length, text: newText }) => ({
    range: { start: document.positionAt(offset), end: document.positionAt(offset + length) },
    newText,
  }));
}
