import * as vscode from 'vscode';
import type { RowReference } from '../../protocol/editorJobs';
import type { Context, ReadyContext } from '../context';
import { applyActEdit } from '../panels/applyActEdit';
import { targetRows } from './actsTarget';

const scheme = 'whence-row';

/** Opens a row as a document of many lines; saving it writes the one line back, as an edit that can be undone. */
export async function editRow(_: ReadyContext, ...given: readonly unknown[]): Promise<void> {
  const [row] = targetRows(given);
  const document = await vscode.workspace.openTextDocument(pageUri(row!));
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: false });
}

/** Registers the pages of rows as files of their own scheme. */
export function provideRowPages(context: Context): void {
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  /** What each page was read from, for as long as the window is open. */
  const pages = new Map<string, { readonly hash: string; readonly text: string; readonly time: number }>();

  const read = async (uri: vscode.Uri) => {
    const known = pages.get(uri.toString());
    if (known !== undefined) return known;
    const language = await context.server();
    const page = await language.request('whence/rowPage', rowOf(uri));
    if (page === null) throw vscode.FileSystemError.FileNotFound(vscode.l10n.t('There is no row on this line.'));
    const made = { ...page, time: Date.now() };
    pages.set(uri.toString(), made);
    return made;
  };

  const write = async (uri: vscode.Uri, content: Uint8Array): Promise<void> => {
    const { hash } = await read(uri);
    const text = new TextDecoder().decode(content);
    const row = rowOf(uri);
    const language = await context.server();
    const edit = await language.request('whence/act', { kind: 'editRow', row, hash, text });
    await applyActEdit(edit);
    const after = await language.request('whence/rowPage', row);
    pages.set(uri.toString(), { hash: after?.hash ?? hash, text, time: Date.now() });
    changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    vscode.window.setStatusBarMessage(edit.summary, 5000);
  };

  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => undefined),
    stat: async (uri) => {
      const { text, time } = await read(uri);
      return { type: vscode.FileType.File, ctime: time, mtime: time, size: Buffer.byteLength(text) };
    },
    readFile: async (uri) => new TextEncoder().encode((await read(uri)).text),
    writeFile: write,
    readDirectory: () => [],
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
  context.extension.subscriptions.push(
    changed,
    vscode.workspace.registerFileSystemProvider(scheme, provider, { isCaseSensitive: true }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme === scheme) pages.delete(uri.toString());
    }),
  );
}

/** `whence-row:/train.jsonl line 12.json?…`: what the tab says, and the row in the query. */
function pageUri({ uri, line }: RowReference): vscode.Uri {
  const name = vscode.Uri.parse(uri).path.split('/').at(-1);
  return vscode.Uri.from({ scheme, path: `/${name} line ${line + 1}.json`, query: JSON.stringify([uri, line]) });
}

function rowOf({ query }: vscode.Uri): RowReference {
  const [uri, line] = JSON.parse(query) as readonly [unknown, unknown];
  if (typeof uri !== 'string' || typeof line !== 'number') throw vscode.FileSystemError.FileNotFound();
  return { uri, line };
}

function refuse(): never {
  throw vscode.FileSystemError.NoPermissions(vscode.l10n.t('This page is one row of a data file.'));
}
