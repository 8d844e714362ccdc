import * as vscode from 'vscode';
import type { EditorRequests } from '../../../protocol/editor';
import type { ActiveFinding, FindingsView } from '../../../protocol/editorFindings';
import type { CoreContext, LanguageServer } from '../../context';

export type FindingsChoice = EditorRequests['whence/findings']['params'];

/** The finding that is shown, as views and commands see it. */
export interface Findings {
  /** null: nothing is shown beside the rows. */
  view(): FindingsView | null;
  readonly onChange: vscode.Event<void>;
  choice(): FindingsChoice;
  choose(choice: FindingsChoice): void;
  filter(): string;
  setFilter(text: string): void;
  /** Ends when the view is what the server has now. */
  settled(): Promise<void>;
}

/** Milliseconds of quiet after an edit before rows are placed anew. */
const quietTime = 700;
/** Lines from which a file is placed anew when it is saved, not while it is typed in. */
const manyLines = 20_000;
const shownKey = 'whence.shown';

/** Asks the server for the finding when there is another one, and brings back the last one when the server starts. */
export function createFindings(core: CoreContext): Findings {
  const { extension, output } = core;
  const memory = extension.workspaceState;
  const changed = new vscode.EventEmitter<void>();
  let choice: FindingsChoice = { order: 'cause', rows: 'aboveNull' };
  let filter = '';
  let view: FindingsView | null = null;
  let asked = 0;
  let asking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const tell = (): void => {
    const set = (key: string, value: unknown): void => void vscode.commands.executeCommand('setContext', key, value);
    set('whence.hasFinding', view !== null);
    set('whence.findingsOrder', choice.order);
    set('whence.findingsRows', choice.rows);
    set('whence.findingsFiltered', filter !== '');
    changed.fire();
  };
  const ask = async (): Promise<void> => {
    const server = core.runningServer();
    if (server === undefined) return;
    asked += 1;
    const mine = asked;
    const answer = await server.request('whence/findings', choice);
    // A later question is on its way: its answer is the one that is shown.
    if (mine !== asked) return;
    view = answer;
    tell();
  };
  const refresh = (): void => {
    clearTimeout(timer);
    asking = ask().catch((error) => output.warn(String(error)));
  };
  const edited = ({ uri, lineCount }: vscode.TextDocument, saved: 'saved' | 'typed'): void => {
    if (view === null || (saved === 'typed' && lineCount > manyLines)) return;
    const file = uri.toString();
    if (!view.groups.some(({ rows }) => rows.some((row) => row.uri === file))) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, quietTime);
  };
  const restore = async (server: LanguageServer): Promise<void> => {
    const shown = memory.get<ActiveFinding>(shownKey);
    if (shown === undefined) return;
    const traces = await server.request('whence/traces', null);
    if (traces.some(({ id }) => id === shown.trace)) await server.request('whence/activate', shown);
  };

  extension.subscriptions.push(
    changed,
    core.onServer((server) => {
      const heard = server.onNotification('whence/findingsChanged', ({ active }) => {
        if (active !== null) void memory.update(shownKey, active);
        refresh();
      });
      const bringBack = (): void => {
        asking = restore(server).catch((error) => output.warn(String(error)));
      };
      extension.subscriptions.push(heard, server.onRestart(bringBack));
      bringBack();
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) edited(document, 'typed');
    }),
    vscode.workspace.onDidSaveTextDocument((document) => edited(document, 'saved')),
    { dispose: () => clearTimeout(timer) },
  );
  tell();
  return {
    view: () => view,
    onChange: changed.event,
    choice: () => choice,
    choose: (next) => {
      choice = next;
      tell();
      refresh();
    },
    filter: () => filter,
    setFilter: (text) => {
      filter = text;
      tell();
    },
    settled: async () => asking,
  };
}

/** Nothing is shown any more, and nothing comes back by itself. */
export async function forgetShown({ extension }: CoreContext, language: LanguageServer): Promise<void> {
  await extension.workspaceState.update(shownKey, undefined);
  await language.request('whence/activate', null);
}
