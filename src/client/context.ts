import type * as vscode from 'vscode';
import type {
  EditorNotificationName,
  EditorNotifications,
  EditorRequestName,
  EditorRequests,
  EditorState,
} from '../protocol/editor';
import type { EditorSettings } from '../protocol/settings';
import type { LargeViews } from './largeFile/largeViews';
import type { Behaviours } from './testing/createBehaviours';
import type { Findings } from './views/findings/createFindings';
import type { Jobs } from './views/jobs/createJobs';

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
  /** Fires when it runs again after it died: it knows of no job and of no shown finding then. */
  readonly onRestart: vscode.Event<void>;
}

/** What the client's models are made from. */
export interface CoreContext {
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

/** What every part of the client may use, for as long as the extension lives. */
export interface Context extends CoreContext {
  /** The finding that is shown. */
  readonly findings: Findings;
  readonly jobs: Jobs;
  readonly behaviours: Behaviours;
  readonly largeViews: LargeViews;
}

/** What a command that needs the server gets: that it runs is part of the type. */
export interface ReadyContext extends Context {
  readonly language: LanguageServer;
}
