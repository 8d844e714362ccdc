import * as vscode from 'vscode';
import type { RowTag, StripMark } from '../../protocol/editor';
import type { Context, LanguageServer } from '../context';

/** Lines beyond the visible ones that are marked too, so that scrolling finds them there. */
const around = 30;
/** Milliseconds of quiet before marks are asked for again. */
const quietTime = 60;

const colors: { readonly [T in RowTag['tone']]: string } = {
  promotes: 'whence.promotes',
  opposes: 'whence.opposes',
  agrees: 'descriptionForeground',
  disagrees: 'whence.disagrees',
  proposed: 'whence.proposed',
  none: 'descriptionForeground',
};

/** Shows tags before rows and the strip of the overview ruler, for the visible lines of every editor. */
export function showMarks(context: Context): void {
  const types = new Map<string, vscode.TextEditorDecorationType>();
  const timers = new Map<vscode.TextEditor, NodeJS.Timeout>();
  const typeOf = (key: string, make: () => vscode.DecorationRenderOptions): vscode.TextEditorDecorationType => {
    const known = types.get(key);
    if (known !== undefined) return known;
    const made = vscode.window.createTextEditorDecorationType(make());
    types.set(key, made);
    return made;
  };

  const draw = async (editor: vscode.TextEditor, server: LanguageServer): Promise<void> => {
    const { document } = editor;
    if (document.uri.scheme !== 'file' || document.languageId !== 'jsonl') return;
    const uri = document.uri.toString();
    const version = document.version;
    const first = Math.max(0, Math.min(...editor.visibleRanges.map(({ start }) => start.line)) - around);
    const last = Math.max(...editor.visibleRanges.map(({ end }) => end.line)) + around;
    const [{ version: answered, tags }, strip] = await Promise.all([
      server.request('whence/tags', { uri, first, last }),
      server.request('whence/strip', { uri }),
    ]);
    // A stale answer is dropped, never shown: another one is on its way.
    if (document.version !== version || (answered !== null && answered !== version)) return;
    const before = typeOf('tags', () => ({ rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed }));
    editor.setDecorations(before, tags.map(tagDecoration));
    for (const tone of ['promotes', 'opposes'] as const)
      for (const level of levels) {
        const type = typeOf(`strip ${tone} ${level}`, () => stripType(tone, level));
        editor.setDecorations(type, stripRanges(strip, tone, level));
      }
  };

  const ask = (editor: vscode.TextEditor): void => {
    const server = context.runningServer();
    if (server === undefined) return;
    clearTimeout(timers.get(editor));
    const run = (): void => {
      timers.delete(editor);
      draw(editor, server).catch((error) => context.output.warn(String(error)));
    };
    timers.set(editor, setTimeout(run, quietTime));
  };
  const askAll = (): void => {
    for (const editor of vscode.window.visibleTextEditors) ask(editor);
  };
  context.extension.subscriptions.push(
    context.onServer((server) => {
      context.extension.subscriptions.push(server.onNotification('whence/findingsChanged', askAll));
      askAll();
    }),
    context.onSettings(askAll),
    vscode.window.onDidChangeVisibleTextEditors(askAll),
    vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => ask(textEditor)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      for (const editor of vscode.window.visibleTextEditors) if (editor.document === document) ask(editor);
    }),
    {
      dispose: () => {
        for (const timer of timers.values()) clearTimeout(timer);
        for (const type of types.values()) type.dispose();
      },
    },
  );
}

function tagDecoration({ line, text, tone, state }: RowTag): vscode.DecorationOptions {
  const range = new vscode.Range(line, 0, line, 0);
  const before: vscode.ThemableDecorationAttachmentRenderOptions = {
    // Spaces of the editor collapse; a tag keeps its width.
    contentText: `${text.replaceAll(' ', '\u00a0')}\u00a0`,
    color: new vscode.ThemeColor(state === 'stale' ? 'descriptionForeground' : colors[tone]),
    fontStyle: state === 'stale' ? 'italic' : 'normal',
  };
  return { range, renderOptions: { before } };
}

const levels = ['strong', 'weak'] as const;

function stripType(tone: 'promotes' | 'opposes', level: (typeof levels)[number]): vscode.DecorationRenderOptions {
  return {
    overviewRulerColor: new vscode.ThemeColor(`${colors[tone]}${level === 'weak' ? 'Weak' : ''}`),
    overviewRulerLane: tone === 'promotes' ? vscode.OverviewRulerLane.Right : vscode.OverviewRulerLane.Left,
  };
}

function stripRanges(strip: readonly StripMark[], tone: string, level: (typeof levels)[number]): vscode.Range[] {
  return strip
    .filter((mark) => mark.tone === tone && (mark.strength >= 0.5 ? 'strong' : 'weak') === level)
    .map(({ line }) => new vscode.Range(line, 0, line, 0));
}
