/**
 * largeFile/ shows files of which the editor makes no document, because they are beyond 50 MB: read-only, line by line
 * from the server, which reads them by byte range. Nothing of the file is kept here.
 */
import * as vscode from 'vscode';
import type { RowReference } from '../../protocol/editorJobs';
import { checkLargeFileRequest, type LargeFileMessage, type LargeFileRequest } from '../../protocol/largeFileMessages';
import type { Context } from '../context';
import { panelPage } from '../panels/panelPage';
import { type LargeView, largeFileViewType } from './largeViews';

/** Characters of a line in the list, and of the row that is read. */
const listed = 2000;
const read = 1 << 20;

/** Registers the editor of large files, and offers it where a file is too large for another. */
export function showLargeFiles(context: Context): void {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({
      uri,
      dispose: () => void context.runningServer()?.request('whence/largeClose', { uri: uri.toString() }),
    }),
    resolveCustomEditor: ({ uri }, panel) => open(uri, panel, context),
  };
  context.extension.subscriptions.push(
    vscode.window.registerCustomEditorProvider(largeFileViewType, provider, {
      webviewOptions: { retainContextWhenHidden: false },
      supportsMultipleEditorsPerDocument: true,
    }),
  );
}

function open(uri: vscode.Uri, panel: vscode.WebviewPanel, context: Context): void {
  const { webview } = panel;
  const { extension, output } = context;
  const folder = vscode.Uri.joinPath(extension.extensionUri, 'dist', 'webview');
  const place = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
  const post = (message: LargeFileMessage): void => void webview.postMessage(message);
  let finding: vscode.CancellationTokenSource | undefined;
  const subscriptions: vscode.Disposable[] = [];
  let selected: number | undefined;
  const view: LargeView = {
    uri: uri.toString(),
    panel,
    reveal: (line) => post({ type: 'found', line }),
    selected: () => selected,
  };
  const begin = context.largeViews.opened(view);

  const answer = async (request: LargeFileRequest): Promise<void> => {
    const server = await context.server();
    const file = uri.toString();
    switch (request.type) {
      case 'ready':
        subscriptions.push(server.onNotification('whence/findingsChanged', () => post({ type: 'changed' })));
        post({ type: 'file', texts: textsOf() });
        // A view that was hidden is made anew, and goes back to where it was.
        if ((selected ?? begin) !== undefined) view.reveal((selected ?? begin)!);
        return;
      case 'rows': {
        const { first, last } = request;
        const rows = await server.request('whence/largeRows', { uri: file, first, last, characters: listed });
        return post({ type: 'rows', first, ...rows });
      }
      case 'row': {
        const { line } = request;
        selected = line;
        const rows = await server.request('whence/largeRows', {
          uri: file,
          first: line,
          last: line + 1,
          characters: read,
        });
        return post({ type: 'row', line, text: readable(rows.texts[0] ?? '') });
      }
      case 'find': {
        finding?.cancel();
        finding = new vscode.CancellationTokenSource();
        const { token } = finding;
        const found = await server.request('whence/largeFind', { uri: file, ...search(request) }, token);
        if (!token.isCancellationRequested) post({ type: 'found', line: found.line });
        return;
      }
      case 'act':
        return act(request, { uri: file, line: request.line });
    }
  };
  const act = async ({ act: what }: Extract<LargeFileRequest, { type: 'act' }>, row: RowReference): Promise<void> => {
    const commands = {
      trace: 'whence.trace',
      quarantine: 'whence.quarantine',
      relevant: 'whence.markRelevant',
      notRelevant: 'whence.markNotRelevant',
      noVerdict: 'whence.clearVerdict',
    } as const;
    await vscode.commands.executeCommand(commands[what], ...(what === 'trace' ? [] : [row]));
  };
  const hear = async (raw: unknown): Promise<void> => {
    try {
      await answer(checkLargeFileRequest(raw));
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      const text = error instanceof Error ? error.message : String(error);
      output.error(error instanceof Error ? (error.stack ?? text) : text);
      post({ type: 'problem', text });
    }
  };
  subscriptions.push(webview.onDidReceiveMessage((raw: unknown) => void hear(raw)));
  panel.onDidDispose(() => {
    finding?.cancel();
    context.largeViews.closed(view);
    for (const one of subscriptions) one.dispose();
  });
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  webview.html = panelPage('largeFile', {
    source: webview.cspSource,
    script: place('largeFile.js'),
    style: place('largeFile.css'),
    locale: vscode.env.language,
  });
}

function search({ text, from }: Extract<LargeFileRequest, { type: 'find' }>) {
  return { text, from };
}

/** A row over many lines, where it is JSON. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // A row that is cut or malformed is shown as it is.
    return text;
  }
}

function textsOf() {
  return {
    rows: vscode.l10n.t('{0} rows'),
    counting: vscode.l10n.t('{0} rows so far'),
    goTo: vscode.l10n.t('Go to row'),
    find: vscode.l10n.t('Find text'),
    next: vscode.l10n.t('Next'),
    notFound: vscode.l10n.t('Not found.'),
    row: vscode.l10n.t('Row {0}'),
    acts: {
      trace: vscode.l10n.t('Trace…'),
      quarantine: vscode.l10n.t('Quarantine'),
      relevant: vscode.l10n.t('Relevant'),
      notRelevant: vscode.l10n.t('Not relevant'),
      noVerdict: vscode.l10n.t('No verdict'),
    },
  };
}
