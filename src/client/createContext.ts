import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { EditorState } from '../protocol/editor';
import { type EditorSettings, parseSettings, settingKeys } from '../protocol/settings';
import type { Context, CoreContext, LanguageServer } from './context';
import { createLargeViews } from './largeFile/largeViews';
import { createBehaviours } from './testing/createBehaviours';
import { createFindings } from './views/findings/createFindings';
import { createJobs } from './views/jobs/createJobs';

/** Makes what all parts of the client share. Nothing is started. */
export function createContext(extension: vscode.ExtensionContext): Context {
  const output = vscode.window.createOutputChannel('Whence', { log: true });
  const settingsChanged = new vscode.EventEmitter<EditorSettings>();
  const stateChanged = new vscode.EventEmitter<EditorState>();
  const serverStarted = new vscode.EventEmitter<LanguageServer>();
  let settings = readSettings();
  let state: EditorState | undefined;
  let starting: Promise<LanguageServer> | undefined;
  let running: LanguageServer | undefined;
  let client: LanguageClient | undefined;

  const start = async (): Promise<LanguageServer> => {
    // Loaded when it is needed: activation stays quick.
    const { startServer } = await import('./startServer');
    const started = await startServer(extension, output);
    client = started.client;
    started.server.onNotification('whence/stateChanged', (next) => {
      state = next;
      stateChanged.fire(next);
    });
    running = started.server;
    serverStarted.fire(running);
    return running;
  };

  extension.subscriptions.push(
    output,
    settingsChanged,
    stateChanged,
    serverStarted,
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration('whence')) return;
      settings = readSettings();
      settingsChanged.fire(settings);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void running?.request('whence/trust', null)),
    { dispose: () => void client?.stop() },
  );
  const core: CoreContext = {
    extension,
    output,
    settings: () => settings,
    onSettings: settingsChanged.event,
    state: () => state,
    onState: stateChanged.event,
    onServer: serverStarted.event,
    server: () => {
      starting ??= start().catch((error) => {
        starting = undefined;
        throw error;
      });
      return starting;
    },
    runningServer: () => running,
  };
  return {
    ...core,
    findings: createFindings(core),
    jobs: createJobs(core),
    behaviours: createBehaviours(core),
    largeViews: createLargeViews(),
  };
}

/** `get('whence')` gives a nested object only for keys that are asked for one by one. */
function readSettings(): EditorSettings {
  const section = vscode.workspace.getConfiguration('whence');
  const nested: Record<string, unknown> = {};
  for (const key of Object.values(settingKeys)) {
    const parts = key.split('.');
    let at = nested;
    for (const part of parts.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[parts.at(-1)!] = section.get(key);
  }
  return parseSettings(nested);
}
