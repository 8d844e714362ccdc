import type * as vscode from 'vscode';
import type {
  EditorNotificationName,
  EditorNotifications,
  EditorRequestName,
  EditorRequests,
  EditorState,
} from '../protocol/editor';
import type { EditorSettings } from '../protocol/settings';

/** The running language server. */
export interface LanguageServer {
  /** @throws Error with the message and the next step for people */
  request<N extends EditorRequestName>(
    name: N,
    params: EditorRequests[N]['params'],
    token?: vscode.CancellationToken,
  ): Promise<EditorRequests[N]['result']>;
  onNotification<N extends EditorNotificationName>(
    name: N,
    listener: (value: EditorNotifications[N]) => void,
  ): vscode.Disposable;
}

/** What every part of the client may use, for as long as the extension lives. */
export interface Context {
  readonly extension: vscode.ExtensionContext;
  /** The one log channel. */
  readonly output: vscode.LogOutputChannel;
  settings(): EditorSettings;
  /** Fires when settings under `whence` changed. */
  readonly onSettings: vscode.Event<EditorSettings>;
  /** What the server said last of the workspace; undefined before it was started. */
  state(): EditorState | undefined;
  readonly onState: vscode.Event<EditorState>;
  /** Fires once, when the server runs. */
  readonly onServer: vscode.Event<LanguageServer>;
  /** The server, started when it is first asked for. */
  server(): Promise<LanguageServer>;
  /** The server where it runs already. */
  runningServer(): LanguageServer | undefined;
}

/** What a command that needs the server gets: that it runs is part of the type. */
export interface ReadyContext extends Context {
  readonly language: LanguageServer;
}
