import * as vscode from 'vscode';
import type { Context, LanguageServer } from '../context';
import { createMarkTypes } from './markTypes';

/** Lines beyond the visible ones that are marked too, so that scrolling finds them there. */
const around = 30;
/** Milliseconds of quiet before marks are asked for again. */
const quietTime = { scrolled: 15, edited: 120 } as const;
/** Milliseconds of quiet before the strip is asked for after an edit: it is of the whole file. */
const stripQuietTime = 1500;
/** Lines from which an edit does not ask for the strip anew; the editor moves its marks with the text. */
const manyLines = 20_000;

/**
 * Shows tags before rows for the visible lines of every editor, and the strip of the overview ruler. The strip is asked
 * for when the finding or the document has changed, never for scrolling.
 */
export function showMarks(context: Context): void {
  const types = createMarkTypes();
  const timers = new Map<string, NodeJS.Timeout>();
  const stripsDrawn = new WeakSet<vscode.TextEditor>();

  const drawTags = async (editor: vscode.TextEditor, server: LanguageServer): Promise<void> => {
    const { document, visibleRanges } = editor;
    const version = document.version;
    const first = Math.max(0, Math.min(...visibleRanges.map(({ start }) => start.line)) - around);
    const last = Math.max(...visibleRanges.map(({ end }) => end.line)) + around + 1;
    const answer = await server.request('whence/tags', { uri: document.uri.toString(), first, last });
    // A stale answer is dropped, never shown: another one is on its way.
    if (document.version !== version || (answer.version !== null && answer.version !== version)) return;
    types.setTags(editor, answer.tags);
  };
  const drawStrip = async (editor: vscode.TextEditor, server: LanguageServer): Promise<void> => {
    const { document } = editor;
    const version = document.version;
    stripsDrawn.add(editor);
    const marks = await server.request('whence/strip', { uri: document.uri.toString() });
    if (document.version === version) types.setStrip(editor, marks);
    else later(editor, 'strip', stripQuietTime);
  };
  const draws = { tags: drawTags, strip: drawStrip } as const;

  const later = (editor: vscode.TextEditor, what: keyof typeof draws, milliseconds: number): void => {
    const server = context.runningServer();
    const { uri, languageId } = editor.document;
    if (server === undefined || uri.scheme !== 'file' || languageId !== 'jsonl') return;
    const key = `${what} ${editor.viewColumn} ${uri}`;
    clearTimeout(timers.get(key));
    const run = (): void => {
      timers.delete(key);
      draws[what](editor, server).catch((error) => context.output.warn(String(error)));
    };
    timers.set(key, setTimeout(run, milliseconds));
  };
  const drawAll = (): void => {
    for (const editor of vscode.window.visibleTextEditors) {
      later(editor, 'tags', quietTime.scrolled);
      later(editor, 'strip', quietTime.scrolled);
    }
  };
  const drawNew = (): void => {
    for (const editor of vscode.window.visibleTextEditors) {
      later(editor, 'tags', quietTime.scrolled);
      if (!stripsDrawn.has(editor)) later(editor, 'strip', quietTime.scrolled);
    }
  };
  const edited = ({ document, contentChanges }: vscode.TextDocumentChangeEvent): void => {
    if (contentChanges.length === 0) return;
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document !== document) continue;
      later(editor, 'tags', quietTime.edited);
      if (document.lineCount <= manyLines) later(editor, 'strip', stripQuietTime);
    }
  };
  context.extension.subscriptions.push(
    types,
    context.onServer((server) => {
      // Settings of marks come back as changed findings, once the server knows them.
      context.extension.subscriptions.push(server.onNotification('whence/findingsChanged', drawAll));
      drawAll();
    }),
    vscode.window.onDidChangeVisibleTextEditors(drawNew),
    vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => later(textEditor, 'tags', quietTime.scrolled)),
    vscode.workspace.onDidChangeTextDocument(edited),
    {
      dispose: () => {
        for (const timer of timers.values()) clearTimeout(timer);
      },
    },
  );
}
