import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TextDocuments, WorkspaceEdit } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { englishTexts } from '../../../src/protocol/display/serverText';
import type { ActEdit } from '../../../src/protocol/editor';
import type { OpenDocument } from '../../../src/server/documents/openDocument';
import { createFindingIndex } from '../../../src/server/findings/createFindingIndex';
import { createTraceShelf } from '../../../src/server/traces/createTraceShelf';
import { watchWorkspace } from '../../../src/server/workspaceWatch';

/** A folder with files, seen by the server; documents are opened by hand. */
export async function openFolder(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'whence-acts-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  const open = new Map<string, TextDocument>();
  const documents = { get: (uri: string) => open.get(uri) } as unknown as TextDocuments<OpenDocument>;
  const workspace = await watchWorkspace(folder);
  const traces = createTraceShelf(() => workspace.storeFolder());
  const uriOf = (name: string): string => pathToFileURL(path.join(folder, name)).href;
  return {
    folder,
    uriOf,
    context: { documents, workspace, traces, findings: createFindingIndex(traces, workspace), texts: englishTexts },
    open: (name: string, text: string, version: number) => {
      open.set(uriOf(name), TextDocument.create(uriOf(name), 'jsonl', version, text));
    },
    read: (name: string): string => readFileSync(path.join(folder, name), 'utf8'),
    /** Applies an edit as an editor does: to open documents, else to files. */
    apply: ({ edit }: ActEdit): void => {
      for (const change of (edit as unknown as WorkspaceEdit).documentChanges ?? []) {
        if (!('textDocument' in change)) {
          if (change.kind === 'create') writeFileSync(fileURLToPath(change.uri), '', { flag: 'a' });
          continue;
        }
        const { uri, version } = change.textDocument;
        const document = open.get(uri);
        const file = fileURLToPath(uri);
        const before = document?.getText() ?? readFileSync(file, 'utf8').replace(/^\ufeff/, '');
        if (document?.version !== (version ?? undefined)) throw new Error('another version');
        const edits = change.edits.filter((one) => 'newText' in one);
        const after = TextDocument.applyEdits(TextDocument.create(uri, '', 0, before), edits);
        const mark = document === undefined && readFileSync(file, 'utf8').startsWith('\ufeff') ? '\ufeff' : '';
        if (document === undefined) writeFileSync(file, mark + after);
        else open.set(uri, TextDocument.create(uri, 'jsonl', document.version + 1, after));
      }
    },
    textOf: (name: string): string => open.get(uriOf(name))?.getText() ?? readFileSync(path.join(folder, name), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
